package engine

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificateFiles is a certificate with its key, as two files have it that may
// be replaced at any time.
type certificateFiles struct {
	cert, key string
	every     time.Duration // negative: never again
	logger    *slog.Logger

	current atomic.Pointer[tls.Certificate]
	looked  atomic.Int64 // when, in nanoseconds since 1970

	mu     sync.Mutex
	loaded [2]os.FileInfo // of the pair that was loaded
	failed [2]os.FileInfo // of the pair that was last found broken
}

// certificate is tls.Config.GetCertificate.
func (f *certificateFiles) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.every > 0 {
		now := time.Now().UnixNano()
		if last := f.looked.Load(); now-last >= int64(f.every) && f.looked.CompareAndSwap(last, now) {
			f.refresh()
		}
	}
	return f.current.Load(), nil
}

// load reads the files for the first time.
func (f *certificateFiles) load() error {
	f.loaded = f.stat()
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.current.Store(&pair)
	f.looked.Store(time.Now().UnixNano())
	return nil
}

// refresh reads them again if they have changed.
func (f *certificateFiles) refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.stat() // before they are read: what changes meanwhile is found by the next look
	if same(found, f.loaded) {
		return
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		if !same(found, f.failed) {
			f.failed = found
			f.logger.Error("engine: the new certificate can't be used, the old one stays",
				"certificate", f.cert, "key", f.key, "error", err.Error())
		}
		return
	}
	f.loaded, f.failed = found, [2]os.FileInfo{}
	f.current.Store(&pair)
	f.logger.Info("engine: the certificate was replaced", "certificate", f.cert)
}

func (f *certificateFiles) stat() (info [2]os.FileInfo) {
	info[0], _ = os.Stat(f.cert)
	info[1], _ = os.Stat(f.key)
	return info
}

// same tells that neither file has been changed or replaced.
func same(a, b [2]os.FileInfo) bool {
	for i := range a {
		switch {
		case a[i] == nil || b[i] == nil:
			if a[i] != b[i] {
				return false
			}
		case !os.SameFile(a[i], b[i]) || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()):
			return false
		}
	}
	return true
}
