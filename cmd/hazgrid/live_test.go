package main

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

const liveGrids = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"A","name":"left","level":1},"geometry":{"type":"Polygon","coordinates":[[[120,27],[120.5,27],[120.5,27.5],[120,27.5],[120,27]]]}},
{"type":"Feature","properties":{"code":"B","name":"right","level":1},"geometry":{"type":"Polygon","coordinates":[[[120.5,27],[121,27],[121,27.5],[120.5,27.5],[120.5,27]]]}}]}`

// events subscribes to the change feed and hands on the data of each change.
func events(t *testing.T, base string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan string, 100)
	go func() {
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
				out <- strings.TrimSpace(data)
			}
		}
	}()
	return out
}

// An import by another process while the service runs: event, number and tile's ETag have
// changed within a second, and the tile of the other grid keeps its ETag.
func TestImportWhileServing(t *testing.T) {
	program(t)
	stores(t, func(t *testing.T, db string) {
		must(t, "import", "grids", "--db", db, write(t, "g.geojson", liveGrids))
		must(t, "import", "enterprises", "--db", db, write(t, "e.csv", "id,lon,lat\ne1,120.25,27.25\n"))
		base := servingOn(t, db)
		changes := events(t, base)
		left, right := base+"/tiles/grids-1/12/3416/1725.mvt", base+"/tiles/grids-1/12/3421/1725.mvt"
		_, _, before := get(t, left)
		_, _, other := get(t, right)
		hazards := write(t, "h.csv", "id,enterprise,found_at\nh1,e1,2014-11-03\n")
		another(t, "import", "hazards", "--db", db, hazards)
		start := time.Now()
		for {
			var d tallies
			getJSON(t, base+"/api/v1/tallies?level=1", &d)
			if d.Total.Found == 1 {
				break
			}
			if time.Since(start) > time.Second {
				t.Fatal("the tally has not changed a second after the import")
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Logf("the tally followed %v after the importing process ended", time.Since(start).Round(time.Millisecond))
		select {
		case data := <-changes:
			if !strings.Contains(data, `"grids":["A"]`) {
				t.Errorf("event %s, want grid A", data)
			}
		case <-time.After(time.Second - time.Since(start)):
			t.Error("no event a second after the import")
		}
		_, _, after := get(t, left)
		if before.Get("ETag") == "" || before.Get("ETag") == after.Get("ETag") {
			t.Errorf("the changed tile's ETag stayed %s", after.Get("ETag"))
		}
		if _, _, again := get(t, right); again.Get("ETag") != other.Get("ETag") {
			t.Errorf("the unchanged tile's ETag went from %s to %s", other.Get("ETag"), again.Get("ETag"))
		}
	})
}

// servingOn starts serve on a free port and returns its URL.
func servingOn(t *testing.T, db string) string {
	t.Helper()
	a := &app{db: db, division: "0", loc: time.UTC}
	var errs strings.Builder
	a.stderr = &errs
	var err error
	if a.log, err = newLogger(&errs, "error", "text"); err != nil {
		t.Fatal(err)
	}
	s, err := a.openStore(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- a.serve(ctx, s, serveFlags{addr: "127.0.0.1:0"}, service{ready: func(url string) { ready <- url }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v\n%s", err, errs.String())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case url := <-ready:
		return url
	case err := <-ended:
		ended <- err
		t.Fatalf("serve: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("serve did not get ready")
	}
	return ""
}
