package work

import (
	"encoding/json"
	"runtime/metrics"
)

// AllocationsPath answers with Allocations as JSON.
const AllocationsPath = "/allocations"

// Allocations is what a Go program has put on its heap since it started.
type Allocations struct {
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
}

// ReadAllocations returns this program's.
func ReadAllocations() Allocations {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return Allocations{Objects: samples[0].Value.Uint64(), Bytes: samples[1].Value.Uint64()}
}

func (a Allocations) encode() []byte {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // two numbers cannot fail
	}
	return text
}
