package material

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

func TestArenaCanBeLoaded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := Arena(dir); err != nil {
		t.Fatal(err)
	}
	set, err := work.LoadArena(dir)
	if err != nil || len(set) != arenaItemCount {
		t.Fatalf("%d items, %v", len(set), err)
	}
	for _, f := range ArenaFiles {
		info, err := os.Stat(filepath.Join(dir, "static", f.Name))
		if err != nil || info.Size() != f.Bytes {
			t.Errorf("%s: %v, %v", f.Name, info, err)
		}
	}
}

func TestCertificateIsOne(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	if err := Certificate(cert, key); err != nil {
		t.Fatal(err)
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		t.Error(err)
	}
}
