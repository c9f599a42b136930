package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/static"
)

// readBytes is the most that an upload's handler takes at a time.
const readBytes = 64 << 10

// routes are the paths with an answer of their own. The zero value has those that need no preparation.
type routes struct {
	largeBytes int
	large      []byte
	file       string
	files      engine.HandlerFunc
}

// prepare opens the folder of /files/, and allocates and touches what /large answers, so that it is resident before any
// memory is measured.
func (rt *routes) prepare(dir string) error {
	if dir != "" {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		files, err := static.New(root, static.Options{Prefix: work.FilesPrefix})
		if err != nil {
			return err
		}
		rt.files = files.ServeHTTP // once: a method value is an allocation
	}
	rt.large = make([]byte, rt.largeBytes)
	for i := range rt.large {
		rt.large[i] = byte('a' + i%26)
	}
	return nil
}

// has tells whether find may know a path that is not in package work.
func (rt *routes) has(path []byte) bool {
	switch string(path) {
	case "/upload", "/collect", "/large", "/file":
		return true
	}
	return false
}

func (rt *routes) find(path string) engine.HandlerFunc {
	switch {
	case rt.files != nil && strings.HasPrefix(path, work.FilesPrefix):
		return rt.files
	case path == work.CountPath:
		return count
	case path == work.ChunksPath:
		return chunks
	case path == "/upload":
		return upload
	case path == "/collect":
		return collect
	case path == "/large" && rt.largeBytes > 0:
		return rt.serveLarge
	case path == "/file" && rt.file != "":
		return rt.serveFile
	}
	return nil
}

func count(w *engine.Response, r *engine.Request) {
	n, err := io.Copy(io.Discard, r.Body())
	if err != nil {
		return
	}
	_ = w.SetHeader("Content-Type", work.ContentType)
	_, _ = w.WriteString(strconv.FormatInt(n, 10))
}

func chunks(w *engine.Response, _ *engine.Request) {
	_ = w.SetHeader("Content-Type", work.ContentType)
	for range work.Chunks {
		_, _ = w.Write(work.Chunk)
		_ = w.Flush()
	}
}

// upload reads the body at the rate of bytes per second that the query says and answers with its SHA-256.
func upload(w *engine.Response, r *engine.Request) {
	text, _ := r.QueryValue("rate")
	rate, err := strconv.ParseInt(text, 10, 64)
	if err != nil || rate <= 0 {
		_ = w.SetStatus(400)
		return
	}
	hash, buffer, start := sha256.New(), make([]byte, readBytes), time.Now()
	for total := int64(0); ; {
		n, err := r.Body().Read(buffer)
		hash.Write(buffer[:n])
		total += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			_ = w.SetStatus(400)
			return
		}
		time.Sleep(time.Until(start.Add(time.Duration(float64(total) / float64(rate) * float64(time.Second)))))
	}
	_, _ = w.WriteString(hex.EncodeToString(hash.Sum(nil)))
}

// collect gives back all memory that is not in use, so that a measurement begins without the garbage of earlier ones.
func collect(w *engine.Response, _ *engine.Request) {
	debug.FreeOSMemory()
	_, _ = w.WriteString("collected")
}

func (rt *routes) serveLarge(w *engine.Response, _ *engine.Request) {
	_ = w.SetContentLength(int64(len(rt.large)))
	_, _ = w.Write(rt.large)
}

func (rt *routes) serveFile(w *engine.Response, _ *engine.Request) {
	f, err := os.Open(rt.file)
	if err != nil {
		_ = w.SetStatus(500)
		return
	}
	_ = w.SendFile(f, 0, -1)
}
