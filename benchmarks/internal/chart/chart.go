// Package chart draws bars as SVG that can be read on a light and on a dark page: nothing is behind them, and their
// colours and those of the text are in the middle.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Chart has a group of horizontal bars for each name, from the top down, with a bar for each series.
type Chart struct {
	Title string
	// Axis says what is measured, in what unit, and Format how a value is written at the end of its bar.
	Axis, Format string
	Names        []string
	Series       []Series
	// Own tells which names are to be seen first.
	Own func(name string) bool
}

// Series is a value for each name. NaN: there is none.
type Series struct {
	Name   string
	Values []float64
}

var (
	ink    = color.NRGBA{0x80, 0x86, 0x8e, 0xff}
	others = []color.NRGBA{{0x8c, 0x95, 0x9f, 0xff}, {0xb0, 0xb8, 0xc0, 0xff}}
	own    = []color.NRGBA{{0x2d, 0xa4, 0x4e, 0xff}, {0x6f, 0xc2, 0x85, 0xff}}
)

const (
	width     = 7.2 * vg.Inch
	barWidth  = 9  // points
	groupGap  = 9  // points
	margins   = 92 // points: title, axis
	labelSize = 10 // points
)

// SVG draws the chart.
func (c *Chart) SVG() ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = nil // what is transparent is not valid as vgsvg writes it
	p.Title.Text, p.X.Label.Text = c.Title, c.Axis
	p.X.Min = 0
	c.style(p)
	for i := range c.Series {
		if err := c.addSeries(p, i); err != nil {
			return nil, err
		}
	}
	p.X.Max = c.most() * 1.15 // room for the last label
	names := slices.Clone(c.Names)
	slices.Reverse(names)
	p.NominalY(names...)
	p.Y.LineStyle.Width = 0
	p.Y.Tick.LineStyle.Width = 0
	p.Y.Padding = vg.Points(14) // between a name, in whatever font it is shown, and its bars

	height := vg.Points(margins + float64(len(names))*(groupGap+barWidth*float64(len(c.Series))))
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	// The font that the library measures with is on few machines; those that are look much like it.
	return bytes.ReplaceAll(out.Bytes(), []byte("Liberation Sans"), []byte("Helvetica, Arial, Liberation Sans")), nil
}

func (c *Chart) style(p *plot.Plot) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans", Size: labelSize}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = ink, ink
		axis.Tick.Label.Color, axis.Label.TextStyle.Color = ink, ink
		axis.Tick.Label.Font, axis.Label.TextStyle.Font = sans, sans
	}
	p.Title.TextStyle.Color, p.Legend.TextStyle.Color = ink, ink
	p.Legend.TextStyle.Font = sans
	sans.Size = 13
	p.Title.TextStyle.Font = sans
	p.Title.Padding = vg.Points(8)
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs = -vg.Points(8)
}

// addSeries adds the bars of one series, those of our own apart, for a bar chart has one colour.
func (c *Chart) addSeries(p *plot.Plot, series int) error {
	offset := vg.Points(barWidth * (float64(len(c.Series)-1)/2 - float64(series)))
	labels := plotter.XYLabels{}
	for _, ours := range []bool{false, true} {
		values := make(plotter.Values, len(c.Names))
		for i, name := range c.Names {
			v := c.Series[series].Values[i]
			if c.Own(name) != ours || math.IsNaN(v) {
				continue
			}
			at := len(c.Names) - 1 - i
			values[at] = v
			labels.XYs = append(labels.XYs, plotter.XY{X: v, Y: float64(at)})
			labels.Labels = append(labels.Labels, fmt.Sprintf(c.Format, v))
		}
		bars, err := plotter.NewBarChart(values, vg.Points(barWidth-1))
		if err != nil {
			return err
		}
		palette := others
		if ours {
			palette = own
		}
		bars.Horizontal, bars.Offset = true, offset
		bars.Color, bars.LineStyle.Width = palette[series%len(palette)], 0
		p.Add(bars)
		if ours && len(c.Series) > 1 {
			p.Legend.Add(c.Series[series].Name+"\u00a0\u00a0", bars)
		}
	}
	text, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	for i := range text.TextStyle {
		text.TextStyle[i].Color = ink
		text.TextStyle[i].Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: labelSize - 1}
		text.TextStyle[i].YAlign = draw.YCenter
	}
	text.Offset = vg.Point{X: vg.Points(3), Y: offset}
	p.Add(text)
	return nil
}

func (c *Chart) most() float64 {
	most := 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
	}
	return most
}
