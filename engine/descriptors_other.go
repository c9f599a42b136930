//go:build !unix

package engine

import "math"

// descriptorLimit: there is none, or none that can be told.
func descriptorLimit() uint64 { return math.MaxUint64 }
