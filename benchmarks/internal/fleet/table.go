package fleet

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Server is one row of the comparison.
type Server struct {
	Name    string
	About   string
	Program Program
	// Args returns the arguments that make the program listen on 127.0.0.1 at the launch's port.
	Args func(Launch) ([]string, error)
	// Offers tells which scenarios the server can be put under.
	Offers Offer
}

// Offer is a set of what servers can do.
type Offer uint

const (
	// Plain is the answer of package work to any GET.
	Plain Offer = 1 << iota
	// Costly are the paths that take their time, JSON the document, Count reading bodies, Chunked sending pieces.
	Costly
	JSON
	Count
	Chunked
	// Files is the folder of the launch.
	Files
	// Large are bodies of any size, handed to the handler as they arrive.
	Large
	// TLS is the plain answer with the launch's certificate.
	TLS
	// Allocations tells that the program says what it has allocated.
	Allocations
	// Arena are the paths of the HttpArena board.
	Arena
)

// Has tells whether all of need is offered.
func (o Offer) Has(need Offer) bool { return o&need == need }

// handlers is what a server in Go does that has handlers of its own.
const handlers = Plain | Costly | JSON | Count | Chunked | Allocations

// Launch is what may differ between two starts of the same server.
type Launch struct {
	Port int
	// Dir is an empty directory of this start's own, for configuration and logs.
	Dir string
	// Close tells that each request will ask for its connection to be closed, for servers that do not look at requests.
	Close bool
	// Large tells that bodies will be large, for servers that read them into memory otherwise.
	Large bool
	// Files is the folder to serve; Certificate and Key are files of TLS. "": none.
	Files, Certificate, Key string
	// Data is the folder that the HttpArena board mounts.
	Data string
}

// Table returns all servers, in the order of the report.
func Table() []Server {
	servers := []Server{
		{
			Name: "floor", About: "C epoll loop that parses nothing: the kernel's share",
			Program: CProgram{Source: "floor/floor.c"}, Args: floorArgs, Offers: Plain,
		},
		pollard("inline", "this engine, dispatch inline", handlers|Files|Large, "-mode", "inline"),
		pollard("adaptive", "this engine, dispatch adaptive", handlers|Files|Large),
		pollard("pooled", "this engine, dispatch pooled", handlers|Files|Large, "-mode", "pooled"),
		pollard("net", "this engine, a goroutine for each connection", handlers|Files|Large, "-transport", "net"),
		pollard("netpoll", "this engine on netpoll", handlers|Files|Large, "-transport", "netpoll"),
		pollard("tls", "this engine, TLS, a goroutine for each connection", TLS),
		{
			Name: "nginx", About: "one worker, canned answer",
			Program: Installed{Name: "nginx", VersionFlag: "-v"}, Args: nginxArgs, Offers: Plain | Files | TLS,
		},
		{
			Name: "h2o", About: "one thread, the answer is a file of 13 bytes",
			Program: Installed{Name: "h2o", VersionFlag: "--version"}, Args: h2oArgs, Offers: Plain | Files,
		},
		{
			Name: "fasthttp", About: "valyala/fasthttp",
			Program: GoProgram{Dir: "servers/fasthttp", Module: "github.com/valyala/fasthttp"},
			Args:    fasthttpArgs, Offers: handlers | Files | Large,
		},
		{
			Name: "hertz", About: "cloudwego/hertz on netpoll",
			Program: GoProgram{Dir: "servers/hertz", Module: "github.com/cloudwego/hertz"},
			Args:    streamArgs, Offers: handlers | Large,
		},
		{
			Name: "gnet", About: "panjf2000/gnet with the least HTTP that answers right",
			Program: GoProgram{Dir: "servers/gnet", Module: "github.com/panjf2000/gnet/v2"},
			Args:    addrFlag, Offers: Plain | JSON | Allocations,
		},
		{
			Name: "nbio", About: "lesismal/nbio's nbhttp",
			Program: GoProgram{Dir: "servers/nbio", Module: "github.com/lesismal/nbio"},
			Args:    addrFlag, Offers: Plain | Costly | JSON | Count | Allocations,
		},
		{
			Name: "nethttp", About: "Go's net/http",
			Program: GoProgram{Dir: "servers/nethttp"}, Args: nethttpArgs, Offers: handlers | Files | Large | TLS,
		},
	}
	return append(servers, arena("pollard", ""), arena("fasthttp", "github.com/valyala/fasthttp"))
}

// pollard is this engine's server with some flags.
func pollard(name, about string, offers Offer, flags ...string) Server {
	return Server{
		Name: "pollard-" + name, About: about, Program: GoProgram{Dir: "servers/pollard"},
		Args: func(l Launch) ([]string, error) {
			args, err := nethttpArgs(l) // which are the same
			return append(args, flags...), err
		},
		Offers: offers,
	}
}

func arena(name, module string) Server {
	return Server{
		Name: "arena-" + name, About: "the HttpArena board's application on " + name,
		Program: GoProgram{Dir: "httparena/" + name, Module: module},
		Args: func(l Launch) ([]string, error) {
			args, err := addrFlag(l)
			return append(args, "-data", l.Data), err
		},
		Offers: Arena,
	}
}

func addrFlag(l Launch) ([]string, error) {
	return []string{"-addr", fmt.Sprintf("127.0.0.1:%d", l.Port)}, nil
}

func streamArgs(l Launch) ([]string, error) {
	args, err := addrFlag(l)
	if l.Large {
		args = append(args, "-stream")
	}
	return args, err
}

func fasthttpArgs(l Launch) ([]string, error) {
	args, err := streamArgs(l)
	if l.Files != "" {
		args = append(args, "-files", l.Files)
	}
	return args, err
}

func nethttpArgs(l Launch) ([]string, error) {
	args, err := addrFlag(l)
	if l.Files != "" {
		args = append(args, "-files", l.Files)
	}
	if l.Certificate != "" {
		args = append(args, "-cert", l.Certificate, "-key", l.Key)
	}
	return args, err
}

func floorArgs(l Launch) ([]string, error) {
	args := []string{strconv.Itoa(l.Port), "1"}
	if l.Close {
		args = append(args, "close")
	}
	return args, nil
}

// writeConfig keeps a configuration in the launch's directory and returns its path.
func writeConfig(l Launch, name, text string) (string, error) {
	path := filepath.Join(l.Dir, name)
	return path, writeFile(path, strings.TrimLeft(text, "\n"))
}
