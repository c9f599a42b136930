package fleet

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

// h2oConfig serves folders from one thread. Its limits are out of the way as nginx's are.
const h2oConfig = `
%[3]snum-threads: 1
max-connections: 32768
http1-request-timeout: 3600
listen:
  host: 127.0.0.1
  port: %[2]d
file.index: [ 'hello.txt' ]
hosts:
  default:
    paths:
      "/":
        file.dir: %[1]s/hello
`

// h2oArgs has the plain answer come from a file: what h2o computes needs its mruby, and few run it for that.
func h2oArgs(l Launch) ([]string, error) {
	hello := filepath.Join(l.Dir, "hello")
	if err := os.Mkdir(hello, 0o755); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(hello, "hello.txt"), work.Hello); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(h2oConfig, l.Dir, l.Port, user("user: root\n"))
	if l.Files != "" {
		text += fmt.Sprintf("      %q:\n        file.dir: %s\n", work.FilesPrefix, l.Files)
	}
	path, err := writeConfig(l, "h2o.conf", text)
	return []string{"-m", "worker", "-c", path}, err
}
