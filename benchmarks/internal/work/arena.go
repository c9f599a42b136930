package work

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// The data of the HttpArena board.
type (
	// ArenaItem is one of the data set.
	ArenaItem struct {
		ID       int         `json:"id"`
		Name     string      `json:"name"`
		Category string      `json:"category"`
		Price    int         `json:"price"`
		Quantity int         `json:"quantity"`
		Active   bool        `json:"active"`
		Tags     []string    `json:"tags"`
		Rating   ArenaRating `json:"rating"`
	}
	// ArenaRating is a part of an item.
	ArenaRating struct {
		Score int `json:"score"`
		Count int `json:"count"`
	}
	arenaLine struct {
		ArenaItem
		Total int `json:"total"`
	}
	arenaDocument struct {
		Items []arenaLine `json:"items"`
		Count int         `json:"count"`
	}
)

// ArenaSet is the board's data set.
type ArenaSet []ArenaItem

// LoadArena reads dataset.json of the folder that the board mounts.
func LoadArena(dir string) (ArenaSet, error) {
	text, err := os.ReadFile(filepath.Join(dir, "dataset.json"))
	if err != nil {
		return nil, err
	}
	var set ArenaSet
	return set, json.Unmarshal(text, &set)
}

// Document encodes the first count items with their totals, as the json profile asks for each request.
func (s ArenaSet) Document(count, multiplier int) ([]byte, error) {
	count = max(0, min(count, len(s)))
	lines := make([]arenaLine, count)
	for i := range lines {
		lines[i] = arenaLine{s[i], s[i].Price * s[i].Quantity * multiplier}
	}
	return json.Marshal(arenaDocument{lines, count})
}
