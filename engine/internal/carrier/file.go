package carrier

import "io"

// File is what an answer goes on with. An *os.File is one.
type File interface {
	io.ReaderAt
	// Fd is valid until Close.
	Fd() uintptr
	Close() error
}

// SendFile is SendFile of an *engine.Response, for any File. Package engine sets it.
var SendFile func(engineResponse any, f File, offset, n int64) error
