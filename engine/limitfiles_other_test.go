//go:build !linux

package engine_test

import "errors"

// limitFiles sets how many descriptors the process may have.
func limitFiles(uint64) error { return errors.ErrUnsupported }
