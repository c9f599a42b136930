package load

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

// heap is what a server in Go says of its allocations; nil of one that says nothing.
type heap struct{ work.Allocations }

func readHeap(p *fleet.Process) (*heap, error) {
	if p.Secured || !p.Server.Offers.Has(fleet.Allocations) {
		return nil, nil
	}
	client := http.Client{Timeout: answerLimit, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + p.Addr + work.AllocationsPath)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var h heap
	if err := json.NewDecoder(answer.Body).Decode(&h.Allocations); err != nil {
		return nil, fmt.Errorf("%s: %w", work.AllocationsPath, err)
	}
	return &h, nil
}

// since returns the allocations of each request since h was read. The harness's own two questions and what a load's new
// connections need are among them, and count for little among many requests.
func (h *heap) since(p *fleet.Process, requests int64) (*float64, error) {
	if h == nil {
		return nil, nil
	}
	now, err := readHeap(p)
	if err != nil {
		return nil, err
	}
	each := float64(now.Objects-h.Objects) / float64(requests)
	return &each, nil
}
