//go:build linux && race

package fence

import "sync/atomic"

const available = false

// Publish stores v at p, to be read by atomic.LoadUint32.
func Publish(p *uint32, v uint32) { atomic.StoreUint32(p, v) }
