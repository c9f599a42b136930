package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Clients in a process of their own: the test binary, started again, also where
// another network is, or with descriptors of its own.
const clientsEnv = "POLLARD_TEST_CLIENTS"

// order says what the clients are to do.
type order struct {
	Addr string
	Kind string // "early" or "slow"
	N    int    // clients
	Of   int    // of early answers: the row

	Heads, Readers int           // of slow peers
	Write, Grace   time.Duration // when readers are to be ended
	Rate           int64         // bytes a second
}

func (o order) env() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return clientsEnv + "=" + string(b)
}

// runClients is such a process's whole life. It reports false in any other.
func runClients() bool {
	text, ok := os.LookupEnv(clientsEnv)
	if !ok {
		return false
	}
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		var result any
		switch o.Kind {
		case "early":
			result = o.early()
		default:
			result = o.slow()
		}
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
	return true
}
