package material

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is one of the files that servers serve.
type File struct {
	Name  string
	Bytes int64
}

// The files, by their sizes.
var (
	File1KB   = File{"1k.txt", 1 << 10}
	File10KB  = File{"10k.txt", 10 << 10}
	File1MB   = File{"1m.txt", 1 << 20}
	File100MB = File{"100m.txt", 100 << 20}
)

// Files writes all files into a new folder.
func Files(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, f := range []File{File1KB, File10KB, File1MB, File100MB} {
		if err := writeText(filepath.Join(dir, f.Name), f.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// pieceBytes of text are repeated until a file is full.
const pieceBytes = 1 << 20

func writeText(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	piece := text(pieceBytes)
	for left := size; left > 0 && err == nil; left -= pieceBytes {
		_, err = f.Write(piece[:min(left, pieceBytes)])
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// text returns lines of words.
func text(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, size)
	for i := range out {
		switch n := random.IntN(40); {
		case n < 26:
			out[i] = byte('a' + n)
		case n == 39:
			out[i] = '\n'
		default:
			out[i] = ' '
		}
	}
	return out
}
