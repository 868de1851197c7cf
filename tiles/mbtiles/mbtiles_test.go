package mbtiles_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hazgrid/tiles"
	"hazgrid/tiles/mbtiles"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, path := context.Background(), filepath.Join(dir, "one?.mbtiles")
	w, err := mbtiles.Create(ctx, path)
	if err != nil {
		panic(err)
	}
	if err := w.Add(ctx, tiles.Address{Z: 1, X: 1, Y: 0}, []byte("a tile packed with gzip")); err != nil {
		panic(err)
	}
	if err := w.Finish(ctx, tiles.TileJSON{Name: "one", MinZoom: 1, MaxZoom: 1, Center: &[3]float64{90, 45.5, 1}}); err != nil {
		panic(err)
	}
	info, err := os.Stat(path)
	fmt.Println(info.Name(), err)
	// Output: one?.mbtiles <nil>
}

// Rows are counted from the south, and metadata are those of MBTiles 1.3.
func TestMBTiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mbtiles")
	w, err := mbtiles.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(t.Context(), tiles.Address{Z: 3, X: 1, Y: 2}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	about := tiles.TileJSON{Name: "n", MaxZoom: 3, Bounds: &[4]float64{-1.5, 0, 2, 3}, VectorLayers: []tiles.VectorLayer{{ID: "a", Fields: map[string]string{"b": "Number"}}}}
	if err := w.Finish(t.Context(), about); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var got string
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT zoom_level || '/' || tile_column || '/' || tile_row || tile_data FROM tiles) || (SELECT group_concat(' ' || name || '=' || value, '') FROM metadata)`).Scan(&got)
	want := `3/1/5x name=n format=pbf type=overlay version=1 minzoom=0 maxzoom=3 json={"vector_layers":[{"id":"a","minzoom":0,"maxzoom":0,"fields":{"b":"Number"}}]} bounds=-1.5,0,2,3`
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// What cannot be written is an error, and a writer that is given up leaves the file to whoever made its folder.
func TestMBTilesErrors(t *testing.T) {
	if _, err := mbtiles.Create(t.Context(), filepath.Join(t.TempDir(), "none", "a.mbtiles")); err == nil {
		t.Error("a file in no folder was made")
	}
	w, err := mbtiles.Create(t.Context(), filepath.Join(t.TempDir(), "a.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	a := tiles.Address{Z: 1}
	if err := w.Add(t.Context(), a, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(t.Context(), a, []byte("y")); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), tiles.TileJSON{}); err == nil {
		t.Error("a tile that is there twice was taken")
	}
}
