package engine_test

import (
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// TestTLSChromium: a browser gets a page, and the script of it posts and reads.
func TestTLSChromium(t *testing.T) {
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
	if dom := programs.Chromium(t, "https://"+f.addr+"/", "--virtual-time-budget=5000"); !strings.Contains(dom, "https: echoed 100000") {
		t.Error(dom)
	}
}
