// Package standard answers the paths of package work as an http.Handler: net/http's, and that of servers which take one.
package standard

import (
	"io"
	"net/http"
	"strconv"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

// Mux has all paths of package work; files are those of dir, unless it is "".
func Mux(dir string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", hello)
	mux.HandleFunc(work.CountPath, count)
	mux.HandleFunc(work.ChunksPath, chunks)
	if dir != "" {
		mux.Handle(work.FilesPrefix, http.StripPrefix(work.FilesPrefix, http.FileServer(http.Dir(dir))))
	}
	return mux
}

func hello(w http.ResponseWriter, r *http.Request) {
	if contentType, body, ok := work.Reply(r.URL.Path); ok {
		w.Header().Set("Content-Type", contentType)
		w.Write(body)
		return
	}
	work.Before(r.URL.Path)
	w.Header().Set("Content-Type", work.ContentType)
	io.WriteString(w, work.Hello)
}

func count(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", work.ContentType)
	io.WriteString(w, strconv.FormatInt(n, 10))
}

func chunks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", work.ContentType)
	flusher := w.(http.Flusher)
	for range work.Chunks {
		w.Write(work.Chunk)
		flusher.Flush()
	}
}
