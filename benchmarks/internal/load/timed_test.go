package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The latencies of the two kinds must not get mixed up, which is all that this client is for.
func TestMixTellsRequestsApart(t *testing.T) {
	const delay = 100 * time.Millisecond // many times what a usual one takes, also on a busy machine
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(delay)
		}
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	mix := Mix{Connections: 4, Percent: 20, Costly: slow}
	usual, costly, err := mix.Run(context.Background(), server.Listener.Addr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if usual.Requests == 0 || costly.Requests == 0 || costly.P50Micros < 100_000 || usual.P50Micros >= 100_000 {
		t.Errorf("got %+v and %+v", usual, costly)
	}
}

func TestMixReportsAWrongAnswer(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 3 {
			w.WriteHeader(500)
		}
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	_, _, err := Mix{Connections: 1}.Run(context.Background(), server.Listener.Addr().String(), time.Second)
	if err == nil || !strings.Contains(err.Error(), "unexpected answer") {
		t.Errorf("got %v", err)
	}
}

func TestCostlyMustTakeItsTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	if err := slow.verify(context.Background(), at(server.Listener)); err == nil {
		t.Error("a server without the path was taken for one that has it")
	}
}
