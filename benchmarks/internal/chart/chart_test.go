package chart

import (
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	c := &Chart{
		Title: "a title", Axis: "µs", Format: "%.1f", Names: []string{"ours", "theirs", "missing"},
		Series: []Series{{"one", []float64{1, 2.5, math.NaN()}}, {"two", []float64{3, 4, math.NaN()}}},
		Own:    func(name string) bool { return name == "ours" },
	}
	svg, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a title", "µs", "ours", "theirs", "2.5", "#2DA44E"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(string(svg), "#FFFFFF") || strings.Contains(string(svg), "NaN") {
		t.Error("a white ground, or a bar without a value")
	}
	for _, style := range regexp.MustCompile(`fill:([^;"]*)`).FindAllStringSubmatch(string(svg), -1) {
		if !regexp.MustCompile(`^(none|#[0-9A-F]{6})$`).MatchString(style[1]) {
			t.Errorf("%s is no colour", style[1])
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
