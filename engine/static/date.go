package static

import (
	"strings"
	"time"
)

// The formats of RFC 9110 §5.6.7. Only the first is generated; all are read.
const (
	imfFixdate = "Mon, 02 Jan 2006 15:04:05 GMT"
	rfc850Date = "Monday, 02-Jan-06 15:04:05 GMT"
	asctime    = "Mon Jan _2 15:04:05 2006"
)

// appendDate is t.UTC().AppendFormat(dst, imfFixdate), which reads its layout
// anew for each date.
func appendDate(dst []byte, t time.Time) []byte {
	const weekdays, months = "SunMonTueWedThuFriSat", "JanFebMarAprMayJunJulAugSepOctNovDec"
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, imfFixdate)
	}
	dst = append(dst, weekdays[3*t.Weekday():][:3]...)
	dst = append(dst, ',', ' ', digit(day/10), digit(day), ' ')
	dst = append(dst, months[3*(month-1):][:3]...)
	dst = append(dst, ' ', digit(year/1000), digit(year/100), digit(year/10), digit(year), ' ')
	return append(dst, digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':',
		digit(second/10), digit(second), ' ', 'G', 'M', 'T')
}

// digit gives the last decimal digit of n.
func digit(n int) byte { return byte('0' + n%10) }

// parseDate reads an HTTP-date strictly: "HTTP-date is case sensitive". A wrong
// one makes its field invalid, and that is to be ignored.
func parseDate(value []byte, now time.Time) (t time.Time, ok bool) {
	s := string(value)
	if t, ok = parseExactly(imfFixdate, s); ok {
		return t, true
	}
	if t, ok = parseExactly(asctime, s); ok {
		return t, true
	}
	return parseRFC850(s, now)
}

// parseExactly is for formats that write each time in one way: time.Parse takes
// more than they allow, such as fractions of a second.
func parseExactly(layout, s string) (t time.Time, ok bool) {
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Format(layout) == s
}

// parseRFC850: "Recipients of a timestamp value in rfc850-date format, which
// uses a two-digit year, MUST interpret a timestamp that appears to be more than
// 50 years in the future as representing the most recent year in the past that
// had the same last two digits."
func parseRFC850(s string, now time.Time) (t time.Time, ok bool) {
	t, err := time.Parse(rfc850Date, s)
	if err != nil {
		return t, false
	}
	// The weekday is that of the century that the sender meant.
	_, got, _ := strings.Cut(s, ", ")
	if _, want, _ := strings.Cut(t.Format(rfc850Date), ", "); got != want {
		return t, false
	}
	now = now.UTC()
	century := now.Year() - now.Year()%100
	t = t.AddDate(century+t.Year()%100-t.Year(), 0, 0)
	if t.After(now.AddDate(50, 0, 0)) {
		t = t.AddDate(-100, 0, 0)
	}
	return t, true
}
