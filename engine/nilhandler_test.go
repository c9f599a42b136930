package engine_test

import (
	"fmt"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestNilHandler: it is found where it is given, and not by the first request.
func TestNilHandler(t *testing.T) {
	for _, h := range []engine.Handler{nil, engine.HandlerFunc(nil)} {
		for what, give := range map[string]func(){
			"New":    func() { engine.New(h, engine.Options{}) },
			"Inline": func() { engine.Inline(h) },
			"Pooled": func() { engine.Pooled(h) },
		} {
			func() {
				defer func() {
					if v := recover(); fmt.Sprint(v) != "engine: "+what+" with a nil Handler" {
						t.Errorf("%s(%#v): %v", what, h, v)
					}
				}()
				give()
			}()
		}
	}
}

// TestNilListener: likewise.
func TestNilListener(t *testing.T) {
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{})
	defer srv.Close()
	defer func() {
		if v := recover(); v != "engine: Serve with a nil net.Listener" {
			t.Error(v)
		}
	}()
	_ = srv.Serve(nil)
}
