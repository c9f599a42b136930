package fleet

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrUnavailable tells that a program cannot be had on this machine, so that its servers are skipped.
var ErrUnavailable = errors.New("not available here")

// Program is where a server's executable comes from. Programs are comparable, so that servers can share one.
type Program interface {
	// build returns the executable's path, below bin if it had to be made. Relative sources start at root.
	build(ctx context.Context, root, bin string) (Built, error)
}

// Built is an executable that is ready to start.
type Built struct {
	Path    string
	Version string
	// Bytes is the size of the executable alone: what it links dynamically is not in it.
	Bytes int64
}

// Workshop builds programs, each once.
type Workshop struct {
	// Root is the directory of the benchmarks module, Bin an existing directory for what is built.
	Root, Bin string

	built map[Program]buildResult
}

type buildResult struct {
	Built
	err error
}

// Build returns the program's executable; a later call returns what the first one did.
func (w *Workshop) Build(ctx context.Context, p Program) (Built, error) {
	if result, ok := w.built[p]; ok {
		return result.Built, result.err
	}
	if w.built == nil {
		w.built = make(map[Program]buildResult)
	}
	built, err := p.build(ctx, w.Root, w.Bin)
	if err == nil {
		var info os.FileInfo
		if info, err = os.Stat(built.Path); err == nil {
			built.Bytes = info.Size()
		}
	}
	w.built[p] = buildResult{built, err}
	return built, err
}

// GoProgram is a main package, built in its own directory and so by its own module.
type GoProgram struct {
	Dir string
	// Module is the one whose version the report gives; without it, that of Go is given.
	Module string
}

func (p GoProgram) build(ctx context.Context, root, bin string) (Built, error) {
	dir := filepath.Join(root, p.Dir)
	if sources, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(sources) == 0 {
		return Built{}, fmt.Errorf("%s has no Go source: %w", p.Dir, ErrUnavailable)
	}
	path := filepath.Join(bin, strings.ReplaceAll(strings.TrimLeft(p.Dir, "./"), "/", "-"))
	// Without a profile, which only some would have (-pgo=off): all are built as they come.
	if err := run(ctx, dir, "go", "build", "-pgo=off", "-o", path, "."); err != nil {
		return Built{}, err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return Built{}, err
	}
	version := info.GoVersion
	for _, module := range info.Deps {
		if module.Path == p.Module {
			version = module.Version
		}
	}
	return Built{Path: path, Version: version}, nil
}

// CProgram is one C11 file, compiled as it would be by hand.
type CProgram struct{ Source string }

func (p CProgram) build(ctx context.Context, root, bin string) (Built, error) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return Built{}, fmt.Errorf("no C compiler (cc) found, install gcc or clang: %w", ErrUnavailable)
	}
	path := filepath.Join(bin, strings.TrimSuffix(filepath.Base(p.Source), ".c"))
	if err := run(ctx, root, compiler, "-std=c11", "-O2", "-Wall", "-pthread", "-o", path, p.Source); err != nil {
		return Built{}, err
	}
	text, err := exec.CommandContext(ctx, compiler, "-dumpfullversion").Output()
	if err != nil {
		text = []byte("?")
	}
	return Built{Path: path, Version: "cc " + strings.TrimSpace(string(text))}, nil
}

// Installed is a program of the system.
type Installed struct {
	Name        string
	VersionFlag string
}

func (p Installed) build(ctx context.Context, _, _ string) (Built, error) {
	path, err := findInstalled(p.Name)
	if err != nil {
		return Built{}, fmt.Errorf("%s is not installed: %w", p.Name, ErrUnavailable)
	}
	text, err := exec.CommandContext(ctx, path, p.VersionFlag).CombinedOutput()
	if err != nil {
		return Built{}, fmt.Errorf("%s %s: %w", path, p.VersionFlag, err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return Built{Path: path, Version: first[strings.LastIndexByte(first, ' ')+1:]}, nil
}

// findInstalled looks in the places for daemons too, which are not in every user's PATH.
func findInstalled(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		candidate := filepath.Join(dir, name)
		if info, statErr := os.Stat(candidate); statErr == nil && info.Mode()&0o111 != 0 {
			return candidate, nil
		}
	}
	return "", err
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	return nil
}
