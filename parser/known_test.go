package parser

import "testing"

func TestHasAny(t *testing.T) {
	var r Request
	head := []byte("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
	if n, err := r.Parse(head, &Limits{}); n != len(head) || err != nil {
		t.Fatal(n, err)
	}
	for _, tc := range []struct {
		set  KnownSet
		want bool
	}{
		{SetOf(), false},
		{SetOf(KnownHost), true},
		{SetOf(KnownConnection, KnownContentLength), false},
		{SetOf(KnownConnection, KnownExpect), true},
	} {
		if got := r.HasAny(tc.set); got != tc.want {
			t.Errorf("HasAny(%b) = %v", tc.set, got)
		}
	}
	r.Reset()
	if r.HasAny(SetOf(KnownHost)) {
		t.Error("HasAny after Reset")
	}
}
