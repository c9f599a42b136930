package material

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

// arenaItemCount is how many items the data set of the HttpArena board has.
const arenaItemCount = 50

// ArenaFiles are files in the kinds and sizes of the board's static profile.
var ArenaFiles = []File{
	{"reset.css", 8 << 10}, {"layout.css", 25 << 10}, {"theme.css", 45 << 10}, {"components.css", 200 << 10},
	{"utilities.css", 60 << 10}, {"analytics.js", 12 << 10}, {"helpers.js", 20 << 10}, {"app.js", 90 << 10},
	{"vendor.js", 300 << 10}, {"router.js", 35 << 10}, {"header.html", 55 << 10}, {"footer.html", 120 << 10},
	{"regular.woff2", 18 << 10}, {"bold.woff2", 22 << 10}, {"logo.svg", 15 << 10}, {"icon-sprite.svg", 70 << 10},
	{"hero.webp", 45 << 10}, {"thumb1.webp", 6 << 10}, {"thumb2.webp", 8 << 10}, {"manifest.json", 3 << 10},
}

// Arena writes what the board mounts at /data: dataset.json and static/. The contents are our own.
func Arena(dir string) error {
	static := filepath.Join(dir, "static")
	if err := os.MkdirAll(static, 0o755); err != nil {
		return err
	}
	for _, f := range ArenaFiles {
		if err := writeText(filepath.Join(static, f.Name), f.Bytes); err != nil {
			return err
		}
	}
	content, err := json.Marshal(arenaItems())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "dataset.json"), content, 0o644)
}

func arenaItems() work.ArenaSet {
	categories := []string{"tools", "clothing", "books", "garden"}
	items := make(work.ArenaSet, arenaItemCount)
	for i := range items {
		items[i] = work.ArenaItem{
			ID: i + 1, Name: fmt.Sprintf("Article %d of the list", i+1), Category: categories[i%len(categories)],
			Price: 37*(i+1)%400 + 5, Quantity: 13*(i+3)%90 + 1, Active: i%3 != 0, Tags: []string{"new", "sturdy"},
			Rating: work.ArenaRating{Score: 7 * i % 50, Count: 11 * (i + 1)},
		}
	}
	return items
}
