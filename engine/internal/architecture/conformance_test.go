package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// conformanceHeader begins a table of CONFORMANCE.md whose rows are clauses.
const conformanceHeader = "| clause | requirement | what we do | function | test |"

// required are the sections of RFC 9112 and the items of its §6.3 that hold
// requirements or that somebody could ask about, and of RFC 9110 those with key
// words. A section without a row is one that nobody has thought about.
var required = map[string]string{
	"9112": "2.1 2.2 2.3 3 3.1 3.2 3.2.1–3.2.4 3.3 4 5.1 5.2 6 6.1–6.3 7 7.1 7.1.1–7.1.3 7.2–7.4 8 " +
		"9.2 9.3 9.3.1 9.3.2 9.4–9.8 10 11.1–11.4",
	"9112 §6.3": "1–8",
	"9110": "2.2–2.4 3.3 4.1 4.2.1–4.2.4 4.3.3 4.3.4 5.1 5.3–5.5 5.6.1.1 5.6.1.2 5.6.3 5.6.4 5.6.7 " +
		"6 6.1 6.2 6.4.1 6.5.1 6.5.2 6.6.1 6.6.2 7.1 7.2 7.4–7.6 7.6.1–7.6.3 7.7 7.8 8.3 8.3.3 8.4 8.4.1 8.6 8.7 " +
		"8.8.1 8.8.2.1 8.8.3 8.8.3.1 9.1 9.2.1 9.2.2 9.3.1–9.3.8 10.1.1–10.1.5 10.2.1–10.2.4 11.2 11.4 11.5 11.6.1 " +
		"12.4.2 12.5.1 12.5.3–12.5.5 13.1.1–13.1.5 13.2.1 13.2.2 14.1.2 14.2–14.5 15 15.2 15.2.2 15.3.1 15.3.6 15.3.7 " +
		"15.3.7.1 15.3.7.2 15.4 15.4.1–15.4.3 15.4.5 15.4.8 15.4.9 15.5 15.5.1 15.5.2 15.5.4 15.5.6–15.5.10 15.5.14 " +
		"15.5.15 15.5.17 15.5.20 15.5.22 15.6 15.6.6 16–19",
}

// TestConformance: what CONFORMANCE.md says is held by what it names.
func TestConformance(t *testing.T) {
	text, err := os.ReadFile(root + "/CONFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, problems := readRows(string(text))
	known := readNames(t)
	for _, r := range rows {
		problems = append(problems, known.check(r)...)
	}
	for _, problem := range append(problems, holes(rows)...) {
		t.Errorf("CONFORMANCE.md: %s", problem)
	}
	if len(rows) < 200 {
		t.Errorf("CONFORMANCE.md: only %d rows were found", len(rows))
	}
}

// The test above passes when it sees nothing, so it must be seen to see.
func TestConformanceRefuses(t *testing.T) {
	known := names{
		functions: set("parser.Parse", "conn.Conn.frame", "conn.Config.Date"),
		tests:     set("conn.TestBody", "engine/static.FuzzRange"),
		files:     set("conn/testdata/host/two.txt"),
	}
	for _, c := range []struct{ row, want string }{
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `transcript:conn/testdata/host/two.txt`", ""},
		{"9112 §2.2 | MUST | 400 | `conn.Conn.frame`<br>`conn.Config.Date` | `conn.TestBody`<br>`engine/static.FuzzRange`", ""},
		{"9112 §2.2 | MUST | handler | – | –", ""},
		{"9112 §2.2 | MUST | client only / intermediary only – not applicable | – | –", ""},
		{"9112 §9.7 | MUST | not offered yet: no TLS | – | –", ""},

		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `transcript:conn/testdata/host/three.txt`", "no transcript conn/testdata/host/three.txt"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `transcript:conn/doc.go`", "no transcript conn/doc.go"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `conn.TestHead`", "no test conn.TestHead"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `conn.FuzzRange`", "no test conn.FuzzRange"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | `parser.Parse`", "no test parser.Parse"},
		{"9112 §2.2 | MUST | 400 | `parser.Head` | `conn.TestBody`", "no function or type parser.Head"},
		{"9112 §2.2 | MUST | 400 | `conn.frame` | `conn.TestBody`", "no function or type conn.frame"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse?` | `conn.TestBody`", "no function or type parser.Parse?"},
		{"9112 §2.2 | MUST | handler | – | `conn.TestHead`", "no test conn.TestHead"},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` | –", "no test"},
		{"9112 §2.2 | MUST | 400 | – | `conn.TestBody`", "no function"},
		{"9112 §2.2 | MUST | handler | `parser.Parse` | –", "no test"},
		{"9112 §2.2 | MUST | handler. static: 405 | – | –", "no test"},
		{"9112 §2.2 | MUST | the handler's | – | –", "no test, no function"},
		{"9112 §2.2 | MUST | 400 | parser.Parse | `conn.TestBody`", `"parser.Parse" is no reference`},
		{"9112 §2.2 | MUST | 400 | `parser.Parse` |  ", `"" is no reference`},
		{"9112 §2.2 | MUST | 400 | `parser.Parse`", "a row of 4 cells"},
		{"2.2 | MUST | handler | – | –", `"2.2" is no clause`},
		{"9111 §2.2 | MUST | handler | – | –", `"9111 §2.2" is no clause`},
	} {
		rows, problems := readRows("text\n" + conformanceHeader + "\n|---|---|---|---|---|\n| " + c.row + " |\n\n| other | table |\n")
		for _, r := range rows {
			problems = append(problems, known.check(r)...)
		}
		for i, problem := range problems { // without the place
			_, problems[i], _ = strings.Cut(problem, ": ")
		}
		if got := strings.Join(problems, ", "); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.row, got, c.want)
		}
	}
}

func TestConformanceHoles(t *testing.T) {
	var rows []conformance
	for part, list := range required {
		for _, section := range strings.Fields(list) {
			clause := part + " §" + section
			if strings.Contains(part, "§") {
				clause = part + " (" + section + ")"
			}
			rows = append(rows, conformance{clause: clause})
		}
	}
	if got := holes(rows); len(got) > 0 {
		t.Fatalf("holes in the whole: %q", got)
	}
	rows = slices.DeleteFunc(rows, func(r conformance) bool { return r.clause == "9112 §8" || r.clause == "9112 §9.4–9.8" })
	rows = append(rows, conformance{clause: "9112 §9.4–9.5, §9.8"})
	if got, want := strings.Join(holes(rows), ", "), "no row for 9112 §8, no row for 9112 §9.6, no row for 9112 §9.7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// conformance is a row of CONFORMANCE.md.
type conformance struct {
	line             int
	clause, does     string
	functions, tests []string
}

// readRows finds the rows of the tables of clauses, and what is wrong with
// their form.
func readRows(text string) (rows []conformance, problems []string) {
	within := false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == conformanceHeader:
			within = true
			continue
		case !strings.HasPrefix(line, "|"):
			within = false
		}
		if !within || strings.HasPrefix(line, "|---") {
			continue
		}
		well := true
		wrong := func(format string, args ...any) {
			well = false
			problems = append(problems, fmt.Sprintf("line %d: ", i+1)+fmt.Sprintf(format, args...))
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
		if len(cells) != 5 {
			wrong("a row of %d cells", len(cells))
			continue
		}
		r := conformance{line: i + 1, clause: cells[0], does: cells[2]}
		if !isClause.MatchString(r.clause) {
			wrong("%q is no clause", r.clause)
		}
		r.functions = references(cells[3], wrong)
		r.tests = references(cells[4], wrong)
		if well {
			rows = append(rows, r)
		}
	}
	return rows, problems
}

var isClause = regexp.MustCompile(`^911[02] (§[0-9.]+( \([1-8]\))?|[A-C])((–§?|, §?)([0-9.]+|[A-C]))*$`)

// references splits a cell of names, each in backquotes.
func references(cell string, wrong func(format string, args ...any)) (found []string) {
	if cell == "–" {
		return nil
	}
	for _, ref := range strings.Split(cell, "<br>") {
		name := strings.Trim(ref, "`")
		if "`"+name+"`" != ref {
			wrong("%q is no reference", strings.TrimSpace(ref))
		}
		found = append(found, name)
	}
	return found
}

// names are what a row can name.
type names struct{ functions, tests, files map[string]bool }

func set(list ...string) map[string]bool {
	m := make(map[string]bool)
	for _, name := range list {
		m[name] = true
	}
	return m
}

// check returns what is wrong with a row.
func (n *names) check(r conformance) (problems []string) {
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("line %d, %s: ", r.line, r.clause)+fmt.Sprintf(format, args...))
	}
	for _, name := range r.functions {
		if !n.functions[name] {
			wrong("no function or type %s", name)
		}
	}
	for _, name := range r.tests {
		if file, ok := strings.CutPrefix(name, "transcript:"); ok {
			if !n.files[file] {
				wrong("no transcript %s", file)
			}
		} else if !n.tests[name] {
			wrong("no test %s", name)
		}
	}
	// What somebody else has to keep needs no test, unless we promise something.
	ours := !isOthers.MatchString(r.does)
	switch {
	case len(r.tests) > 0 && (len(r.functions) > 0 || !ours):
	case len(r.tests) > 0:
		wrong("no function")
	case ours && len(r.functions) == 0:
		wrong("no test, no function")
	case ours || len(r.functions) > 0 || strings.Contains(r.does, "static"):
		wrong("no test")
	}
	return problems
}

var isOthers = regexp.MustCompile(`^(handler\b|not offered yet\b|not applicable\b|[^.;]* only – not applicable\b)`)

// holes returns the required sections that no row is about.
func holes(rows []conformance) (missing []string) {
	covered := make(map[string]bool)
	for _, r := range rows {
		rfc, list, _ := strings.Cut(r.clause, " ")
		for _, item := range strings.Split(list, ", ") {
			for _, section := range expand(strings.ReplaceAll(item, "§", "")) {
				covered[rfc+" §"+section] = true
				if plain, items, ok := strings.Cut(section, " ("); ok {
					for _, one := range expand(strings.TrimSuffix(items, ")")) {
						covered[rfc+" §"+plain+" §"+one] = true
					}
				}
			}
		}
	}
	for part, list := range required {
		for _, item := range strings.Fields(list) {
			for _, section := range expand(item) {
				if !covered[part+" §"+section] {
					missing = append(missing, "no row for "+part+" §"+section)
				}
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// expand makes 9.4, 9.5 and 9.6 of "9.4–9.6". What is no range stays as it is.
func expand(item string) (sections []string) {
	first, last, ok := strings.Cut(item, "–")
	if !ok || strings.Contains(item, "(") {
		return []string{item}
	}
	dot := strings.LastIndexByte(first, '.') + 1
	from, err1 := strconv.Atoi(first[dot:])
	to, err2 := strconv.Atoi(strings.TrimPrefix(last, first[:dot]))
	if err1 != nil || err2 != nil {
		return []string{item}
	}
	for n := from; n <= to; n++ {
		sections = append(sections, first[:dot]+strconv.Itoa(n))
	}
	return sections
}

// readNames finds what a row may name: functions, methods, types and fields of
// the sources as "package.Name" and "package.Type.Name", with the path of the
// package in this module; tests and fuzz targets likewise; and transcripts.
func readNames(t *testing.T) names {
	t.Helper()
	n := names{set(), set(), set()}
	for _, s := range sources(t) {
		pkg := path.Dir(s.name) + "."
		for _, decl := range s.file.Decls {
			for _, name := range declared(decl) {
				n.functions[pkg+name] = true
			}
		}
	}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(name, root), "/"))
		switch {
		case entry.IsDir():
			if rel != "conn/testdata" && path.Base(rel) != "testdata" && skipped(rel) {
				return filepath.SkipDir
			}
		case strings.HasPrefix(rel, "conn/testdata/") && strings.HasSuffix(rel, ".txt"):
			n.files[rel] = true
		case strings.HasSuffix(rel, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && isTest.MatchString(f.Name.Name) {
					n.tests[path.Dir(rel)+"."+f.Name.Name] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var isTest = regexp.MustCompile(`^(Test|Fuzz)[A-Z]`)

// declared returns the names that a declaration gives to functions, methods,
// types and fields.
func declared(decl ast.Decl) (found []string) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			return []string{decl.Name.Name}
		}
		return []string{receiver(decl.Recv.List[0].Type) + "." + decl.Name.Name}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			typ, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			found = append(found, typ.Name.Name)
			if s, ok := typ.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						found = append(found, typ.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}
	return found
}

// receiver returns the name of a method's type.
func receiver(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		return receiver(expr.X)
	case *ast.IndexExpr:
		return receiver(expr.X)
	case *ast.IndexListExpr:
		return receiver(expr.X)
	case *ast.Ident:
		return expr.Name
	}
	return ""
}
