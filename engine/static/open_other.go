//go:build !linux

package static

import (
	"errors"
	"os"

	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// beneath is Linux's.
type beneath struct{}

func newBeneath(*os.Root) beneath { return beneath{} }

func (h *Handler) openBeneath([]byte) (file, error) { return file{}, errors.ErrUnsupported }

func (f *file) readAt(p []byte, offset int64) (n int, err error) { return f.f.ReadAt(p, offset) }

func (f *file) close() { _ = f.f.Close() }

// lent is for who takes a file and closes it.
func (f *file) lent() carrier.File { return f.f }
