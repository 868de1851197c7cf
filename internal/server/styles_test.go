package server

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// lacking skips the test, but fails it where everything has to be there.
func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, NOT TESTED: " + why)
}

// styleSpec returns a folder whose node_modules have MapLibre's validator of styles: the dashboard's, or else one in the
// user's cache, installed on first use.
func styleSpec(t *testing.T) string {
	t.Helper()
	const name = "@maplibre/maplibre-gl-style-spec"
	web, err := filepath.Abs(filepath.Join("..", "web"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		lacking(t, fmt.Sprintf("no folder for npm packages: %v", err))
	}
	dir := filepath.Join(cache, "hazgrid-test", "style-spec-26.6.0")
	for _, folder := range []string{web, dir} {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", name, "package.json")); err == nil {
			return folder
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		lacking(t, fmt.Sprintf("no folder for npm packages: %v", err))
	}
	if b, err := exec.CommandContext(t.Context(), "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", name+"@26.6.0").CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("npm cannot install %s: %v\n%s", name, err, b))
	}
	return dir
}

// validate is a program for Node: it prints what MapLibre has against the styles in a JSON array on standard input.
const validate = `
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const { validateStyleMin } = await import(createRequire(process.argv[1]).resolve('@maplibre/maplibre-gl-style-spec'));
for (const style of JSON.parse(readFileSync(0, 'utf8'))) console.log(style.name + ': ' + validateStyleMin(style).map((e) => e.message).join('; '));
`

// MapLibre's own validator has nothing against any style, whatever it is asked with.
func TestStylesAreValid(t *testing.T) {
	s := start(t)
	var styles []json.RawMessage
	for _, y := range s.json(t, "/styles")["styles"].([]any) {
		id := y.(map[string]any)["id"].(string)
		for _, query := range []string{"", "?level=1&at=2014-12-31&severity=major", "?at=1900-01-01", "?frame=gcj02&from=2014-12-01"} {
			_, b := s.get(t, "/styles/"+id+".json"+query)
			styles = append(styles, b)
		}
	}
	if len(styles) != 20 {
		t.Fatalf("%d styles", len(styles))
	}
	input, err := json.Marshal(styles)
	if err != nil {
		t.Fatal(err)
	}
	folder := styleSpec(t)
	if _, err := exec.LookPath("node"); err != nil {
		lacking(t, "node is not here")
	}
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", validate, filepath.Join(folder, "package.json"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(styles) {
		t.Fatalf("%d styles validated: %s", len(lines), out)
	}
	for _, line := range lines {
		if !strings.HasSuffix(line, ": ") && !strings.HasSuffix(line, ":") {
			t.Error(line)
		}
	}
}

// Sources of styles are there, asked with what the style was asked with, and on no other host.
func TestStylesPassTheQueryOn(t *testing.T) {
	s := start(t)
	const query = "at=2014-12-31&frame=gcj02&from=2014-12-01&severity=major"
	for _, tt := range []struct{ name, sources string }{
		{"hazard-density", "grids-1"}, {"rectification-rate", "grids-1"}, {"enterprises", "enterprises grids-1"}, {"hazards", "grids-1 hazards"},
	} {
		y := s.json(t, "/styles/"+tt.name+".json?level=1&nonsense=1&"+query)
		for _, name := range strings.Fields(tt.sources) {
			source := y["sources"].(map[string]any)[name].(map[string]any)
			href, _ := source["url"].(string)
			if !strings.HasPrefix(href, s.URL+"/tiles/"+name+".json?"+query) || strings.Contains(href, "nonsense") {
				t.Errorf("%s: source %s is %s", tt.name, name, href)
			}
			j := s.json(t, strings.TrimPrefix(href, s.URL))
			if id := j["vector_layers"].([]any)[0].(map[string]any)["id"]; id != name {
				t.Errorf("%s: layer %v of source %s", tt.name, id, name)
			}
		}
		if len(y["sources"].(map[string]any)) != len(strings.Fields(tt.sources)) {
			t.Errorf("%s: sources %v", tt.name, y["sources"])
		}
	}
	kernel := s.json(t, "/styles/hazard-kernel.json?"+query)["sources"].(map[string]any)["hazard-kernel"].(map[string]any)
	if got := kernel["tiles"].([]any)[0]; got != s.URL+"/heatmaps/hazard-kernel/{z}/{x}/{y}.png?"+query+"&level=2" || kernel["type"] != "raster" || kernel["tileSize"] != 256.0 {
		t.Errorf("kernel: %v", kernel)
	}
}

// A grid has the colour of its class in the legend.
func TestStyleHasTheClassesOfTheLegend(t *testing.T) {
	s := start(t)
	legend := s.json(t, "/heatmaps/hazard-density/legend.json?level=2")
	y := s.json(t, "/styles/hazard-density.json?level=2")
	color := y["layers"].([]any)[0].(map[string]any)["paint"].(map[string]any)["fill-color"].([]any)
	steps := color[2].([]any)
	var want []any
	for i, c := range legend["classes"].([]any) {
		class := c.(map[string]any)
		if i > 0 {
			want = append(want, class["min"])
		}
		want = append(want, class["color"])
	}
	if fmt.Sprint(steps[2:]) != fmt.Sprint(want) || color[3] != legend["no_data"].(map[string]any)["color"] || len(want) < 3 {
		t.Errorf("steps %v, legend %v", steps, want)
	}
}

// The rules of the schema of TileJSON 3.0.0 (mapbox/tilejson-spec, 3.0.0/schema.json) and of its text.
func TestTileJSONIsValid(t *testing.T) {
	s := start(t)
	whole := func(j map[string]any, key string) bool {
		n, ok := j[key].(float64)
		return ok && n >= 0 && n <= 30 && n == float64(int(n))
	}
	for _, path := range []string{"grids-1", "grid-labels-2", "enterprises", "hazards", "lines", "grids-1,hazards", "hazards?at=1900-01-01", "grids-2?columns=none&frame=gcj02"} {
		name, query, _ := strings.Cut(path, "?")
		j := s.json(t, "/tiles/"+name+".json?"+query)
		version, _ := j["tilejson"].(string)
		urls, _ := j["tiles"].([]any)
		if !regexp.MustCompile(`^\d+\.\d+\.\d+\w?[\w\d]*$`).MatchString(version) || len(urls) == 0 || !whole(j, "minzoom") || !whole(j, "maxzoom") || j["scheme"] != "xyz" {
			t.Errorf("%s: %v", path, j)
		}
		for _, u := range urls {
			for _, part := range []string{"{z}", "{x}", "{y}"} {
				if !strings.Contains(u.(string), part) {
					t.Errorf("%s: no %s in %v", path, part, u)
				}
			}
		}
		if b, ok := j["bounds"].([]any); ok && (len(b) != 4 || b[0].(float64) > b[2].(float64) || b[1].(float64) > b[3].(float64)) {
			t.Errorf("%s: bounds %v", path, b)
		}
		if c, ok := j["center"].([]any); ok && len(c) != 3 {
			t.Errorf("%s: center %v", path, c)
		}
		layers, _ := j["vector_layers"].([]any)
		if len(layers) != len(strings.Split(name, ",")) {
			t.Errorf("%s: layers %v", path, layers)
		}
		for _, l := range layers {
			layer := l.(map[string]any)
			id, _ := layer["id"].(string)
			fields, ok := layer["fields"].(map[string]any)
			if id == "" || !ok || !whole(layer, "minzoom") || !whole(layer, "maxzoom") {
				t.Errorf("%s: layer %v", path, layer)
			}
			for name, about := range fields {
				if text, ok := about.(string); !ok || text == "" {
					t.Errorf("%s: field %s is %v", path, name, about)
				}
			}
		}
	}
}
