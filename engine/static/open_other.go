//go:build !linux

package static

import (
	"errors"
	"os"
)

// beneath is Linux's.
type beneath struct{}

func newBeneath(*os.Root) beneath { return beneath{} }

func (h *Handler) openBeneath([]byte) (file, error) { return file{}, errors.ErrUnsupported }

func (f *file) readAt(p []byte, offset int64) (n int, err error) { return f.f.ReadAt(p, offset) }

func (f *file) close() { _ = f.f.Close() }

// osFile is for who takes one, and has to close it.
func (f *file) osFile([]byte) *os.File { return f.f }
