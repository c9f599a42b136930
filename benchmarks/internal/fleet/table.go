package fleet

import (
	"fmt"
	"strconv"
)

// Server is one row of the comparison.
type Server struct {
	Name    string
	About   string
	Program Program
	// Args returns the arguments that make the program listen on 127.0.0.1 at the launch's port.
	Args func(Launch) ([]string, error)
	// Slow tells that the server has the paths of package work that take their time.
	Slow bool
}

// Launch is what may differ between two starts of the same server.
type Launch struct {
	Port int
	// Dir is an empty directory of this start's own, for configuration and logs.
	Dir string
	// Close tells that each request will ask for its connection to be closed, for servers that do not look at requests.
	Close bool
}

// Table returns all servers, in the order of the report.
func Table() []Server {
	return []Server{
		{
			Name: "floor", About: "C epoll loop that parses nothing: the kernel's share",
			Program: CProgram{Source: "floor/floor.c"}, Args: floorArgs,
		},
		pollard("inline"),
		pollard("adaptive"),
		pollard("pooled"),
		{
			Name: "nginx", About: "one worker, canned answer",
			Program: Installed{Name: "nginx", VersionFlag: "-v"}, Args: nginxArgs,
		},
		{
			Name: "fasthttp", About: "valyala/fasthttp",
			Program: GoProgram{Dir: "servers/fasthttp", Module: "github.com/valyala/fasthttp"}, Args: addrFlag, Slow: true,
		},
		{
			Name: "nethttp", About: "Go's net/http",
			Program: GoProgram{Dir: "servers/nethttp"}, Args: addrFlag, Slow: true,
		},
	}
}

func pollard(mode string) Server {
	return Server{
		Name: "pollard-" + mode, About: "this engine, dispatch " + mode,
		Program: GoProgram{Dir: "servers/pollard"},
		Args: func(l Launch) ([]string, error) {
			args, err := addrFlag(l)
			return append(args, "-mode", mode), err
		},
		Slow: true,
	}
}

func addrFlag(l Launch) ([]string, error) {
	return []string{"-addr", fmt.Sprintf("127.0.0.1:%d", l.Port)}, nil
}

func floorArgs(l Launch) ([]string, error) {
	args := []string{strconv.Itoa(l.Port), "1"}
	if l.Close {
		args = append(args, "close")
	}
	return args, nil
}
