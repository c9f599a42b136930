package engine_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// TestTLSChromium: a browser gets a page, and the script of it posts and reads.
func TestTLSChromium(t *testing.T) {
	chromium := programs.Find(t, "chromium", "chromium-browser", "google-chrome")
	const page = `<!DOCTYPE html><title>p</title><p id="out">before</p><script>
		fetch("/echo", {method: "POST", body: "x".repeat(100000)}).then(r => r.text()).then(s =>
			document.getElementById("out").textContent = location.protocol + " echoed " + s.length)
	</script>`
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/echo" {
			_, _ = r.Body().WriteTo(w)
			return
		}
		_ = w.SetHeader("Content-Type", "text/html")
		_, _ = w.WriteString(page)
	})
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--ignore-certificate-errors", "--user-data-dir="+t.TempDir(), "--timeout=20000", "--virtual-time-budget=5000",
		"--dump-dom", "https://"+f.addr+"/")
	var dom, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &dom, &log
	cmd.WaitDelay = time.Second
	stop := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	err := cmd.Run()
	stop.Stop()
	if err != nil || !strings.Contains(dom.String(), "https: echoed 100000") {
		t.Errorf("%v\n%s\n%s", err, dom.Bytes(), log.Bytes())
	}
}
