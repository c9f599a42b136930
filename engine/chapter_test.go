package engine_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestConnectionsChapter: CONNECTIONS.md names each option of a connection's life
// and each reason of its end.
func TestConnectionsChapter(t *testing.T) {
	b, err := os.ReadFile("CONNECTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, group := range []any{engine.ListenOptions{}, engine.KeepAliveOptions{}, engine.TimeoutOptions{}, engine.CloseOptions{}} {
		of := reflect.TypeOf(group)
		for i := range of.NumField() {
			name := of.Field(i).Name
			if !strings.Contains(text, "."+name+"`") && !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s.%s is not named", of.Name(), name)
			}
		}
	}
	_, reasons, _ := strings.Cut(text, "## 9. Reasons")
	for r := conn.ReasonNone + 1; r < conn.NumReasons; r++ {
		if !strings.Contains(reasons, r.String()) {
			t.Errorf("the reason %q is not named", r)
		}
	}
}
