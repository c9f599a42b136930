package work

import (
	"bytes"
	"encoding/json"
)

// JSONType is the media type of Document.
const JSONType = "application/json"

// order is a document as a service would answer it: some fields, a list, nested objects.
type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Paid     bool              `json:"paid"`
	Total    float64           `json:"total"`
	Items    []item            `json:"items"`
	Labels   map[string]string `json:"labels"`
}

type item struct {
	SKU      string  `json:"sku"`
	Name     string  `json:"name"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

// example is the order of every answer; it is encoded anew for each.
var example = order{
	ID: 4711, Customer: "Ada Lovelace", Paid: true, Total: 1234.5,
	Labels: map[string]string{"channel": "web", "region": "eu-central", "priority": "normal"},
	Items: []item{
		{"PX-100", "a pair of pruning shears, forged", 2, 49.5}, {"PX-101", "a folding saw of 300 mm", 1, 64.25},
		{"PX-102", "a ladder of twelve rungs, larch", 1, 310}, {"PX-103", "a sharpening stone, two grains", 4, 18.75},
		{"PX-104", "tree wax in a tin of 500 g", 3, 12.5}, {"PX-105", "work gloves of goatskin, size 9", 5, 21.25},
		{"PX-106", "a rope of 30 m, 12 mm thick", 2, 88}, {"PX-107", "a hand-held pole pruner of 4 m", 1, 149.9},
		{"PX-108", "a bag of bark mulch, 70 l", 8, 6.75}, {"PX-109", "a book: on the care of willows", 1, 29},
		{"PX-110", "a wheelbarrow, galvanised", 1, 119}, {"PX-111", "a rake with twenty teeth", 2, 24.5},
	},
}

// Document returns the example as JSON of about 1 KB.
func Document() []byte {
	text, err := json.Marshal(&example)
	if err != nil {
		panic(err) // a constant cannot fail
	}
	return text
}

// What /chunks answers with.
const (
	Chunks     = 8
	ChunkBytes = 1024
)

// Chunk is one piece of /chunks.
var Chunk = bytes.Repeat([]byte("0123456789abcdef"), ChunkBytes/16)
