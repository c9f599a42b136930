package work

import (
	"testing"
	"time"
)

func BenchmarkBurn(b *testing.B) {
	for b.Loop() {
		Burn()
	}
}

// The times are lower bounds: a busy machine may only make them longer.
func TestBeforeTakesItsTime(t *testing.T) {
	for path, least := range map[string]time.Duration{
		"/slow": SlowTime, "/sleep": SleepTime, "/burn": BurnTime / 4, "/": 0,
	} {
		start := time.Now()
		Before(path)
		if took := time.Since(start); took < least {
			t.Errorf("%s took %v, want at least %v", path, took, least)
		}
	}
}

func TestDocumentIsAboutOneKilobyte(t *testing.T) {
	if n := len(Document()); n < 900 || n > 1200 {
		t.Errorf("%d bytes", n)
	}
}

func TestArenaDocument(t *testing.T) {
	set := ArenaSet{{ID: 1, Price: 3, Quantity: 5}, {ID: 2, Price: 1, Quantity: 1}}
	got, err := set.Document(1, 2)
	const want = `{"items":[{"id":1,"name":"","category":"","price":3,"quantity":5,"active":false,"tags":null,` +
		`"rating":{"score":0,"count":0},"total":30}],"count":1}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}
