package engine

import (
	"encoding/json"
	"fmt"

	"github.com/pollard-go/pollard/conn"
)

// ByState has a number for each ConnState, which it is indexed by. Its JSON is an
// object with the states' names.
type ByState [NumStates]int64

// ByReason has a number for each conn.Reason, which it is indexed by. Its JSON is an
// object with the reasons' names.
type ByReason [conn.NumReasons]int64

// MarshalJSON implements json.Marshaler.
func (b ByState) MarshalJSON() ([]byte, error) {
	return marshalCounts(b[:], stateName)
}

// UnmarshalJSON implements json.Unmarshaler. States that are not named are zero.
func (b *ByState) UnmarshalJSON(text []byte) error {
	*b = ByState{}
	return unmarshalCounts(b[:], stateName, text)
}

// MarshalJSON implements json.Marshaler.
func (b ByReason) MarshalJSON() ([]byte, error) {
	return marshalCounts(b[:], reasonName)
}

// UnmarshalJSON implements json.Unmarshaler. Reasons that are not named are zero.
func (b *ByReason) UnmarshalJSON(text []byte) error {
	*b = ByReason{}
	return unmarshalCounts(b[:], reasonName, text)
}

func stateName(i int) string  { return ConnState(i).String() }
func reasonName(i int) string { return conn.Reason(i).String() }

func marshalCounts(counts []int64, name func(int) string) ([]byte, error) {
	named := make(map[string]int64, len(counts))
	for i, n := range counts {
		named[name(i)] = n
	}
	return json.Marshal(named)
}

func unmarshalCounts(counts []int64, name func(int) string, text []byte) error {
	var named map[string]int64
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	for i := range counts {
		counts[i] = named[name(i)]
		delete(named, name(i))
	}
	for unknown := range named {
		return fmt.Errorf("engine: %q is counted by nothing", unknown)
	}
	return nil
}
