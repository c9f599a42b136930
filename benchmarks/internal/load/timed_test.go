package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The latencies of the two kinds must not get mixed up, which is all that this client is for. How many requests of each
// kind there were the server knows; of times, only that the costly ones took theirs is certain on a busy machine.
func TestMixTellsRequestsApart(t *testing.T) {
	const delay = 20 * time.Millisecond
	const connections = 4 // each of them asks once before anything is counted
	var asked, askedCostly atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			askedCostly.Add(1)
			time.Sleep(delay)
		} else {
			asked.Add(1)
		}
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	mix := Mix{Connections: connections, Percent: 20, Costly: slow}
	for duration := 300 * time.Millisecond; ; duration *= 2 { // until it was long enough for some of both kinds
		asked.Store(-connections)
		askedCostly.Store(0)
		usual, costly, err := mix.Run(context.Background(), server.Listener.Addr().String(), duration)
		if err != nil {
			t.Fatal(err)
		}
		if int64(usual.Requests) != asked.Load() || int64(costly.Requests) != askedCostly.Load() {
			t.Fatalf("got %+v and %+v, but %d and %d were asked for", usual, costly, asked.Load(), askedCostly.Load())
		}
		if usual.Requests == 0 || costly.Requests == 0 || usual.Requests == costly.Requests {
			continue
		}
		if got := time.Duration(costly.P50Micros * float64(time.Microsecond)); got < delay {
			t.Errorf("half of the costly ones took at most %v, and each sleeps for %v", got, delay)
		}
		return
	}
}

func TestMixReportsAWrongAnswer(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 3 {
			w.WriteHeader(500)
		}
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	_, _, err := Mix{Connections: 1}.Run(context.Background(), server.Listener.Addr().String(), time.Minute) // less: until the error
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
	patient := Costly{slow.Head, time.Hour} // no machine is so busy that an answer at once takes half of it
	if err := patient.verify(context.Background(), at(server.Listener)); err == nil {
		t.Error("a server without the path was taken for one that has it")
	}
}
