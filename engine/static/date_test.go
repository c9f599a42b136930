package static

import (
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, s := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	} {
		if got, ok := parseDate([]byte(s), now); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "0", "now",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
		"sun, 06 nov 1994 08:49:37 gmt", "SUN, 06 NOV 1994 08:49:37 GMT", // case-sensitive
		"Mon, 06 Nov 1994 08:49:37 GMT",  // it was a Sunday
		"Sun, 6 Nov 1994 08:49:37 GMT",   // two digits
		"Sun, 06 Nov 1994 8:49:37 GMT",   // two digits
		"Sun,  06 Nov 1994 08:49:37 GMT", // one space
		"Sun, 06 Nov 1994 08:49:37.5 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT", "Sunday, 06-nov-94 08:49:37 GMT",
		"Sun Nov 06 08:49:37 1994", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
	} {
		if got, ok := parseDate([]byte(s), now); ok {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

// RFC 9110 §5.6.7: by the current year, not by a fixed pivot.
func TestTwoDigitYears(t *testing.T) {
	for _, c := range []struct {
		now  int
		text string
		want int
	}{
		{2026, "26", 2026},
		{2026, "76", 2076}, // 50 years ahead is not more than 50
		{2026, "77", 1977},
		{2026, "99", 1999},
		{2026, "00", 2000},
		{1999, "99", 1999},
		{2060, "09", 2009},
		{2060, "69", 2069},
		{2060, "94", 2094},
		{2101, "01", 2101},
		{2101, "99", 2099}, // 2199 is too far ahead
	} {
		now := time.Date(c.now, 11, 6, 12, 0, 0, 0, time.UTC)
		s := "Monday, 06-Nov-" + c.text + " 08:49:37 GMT"
		if got, ok := parseDate([]byte(s), now); !ok || got.Year() != c.want || got.Month() != 11 || got.Day() != 6 {
			t.Errorf("in %d, %s is %v", c.now, s, got)
		}
	}
}

func TestAppendDate(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1994, 11, 6, 8, 49, 37, 5e8, time.UTC), time.Date(2000, 2, 29, 23, 59, 59, 0, time.FixedZone("", 3600)),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		for day := range 400 {
			at := at.Add(time.Duration(day) * 25 * time.Hour)
			if got, want := string(appendDate([]byte("x"), at)), "x"+at.UTC().Format(imfFixdate); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
}
