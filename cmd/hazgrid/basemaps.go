package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hazgrid/internal/server"
)

// openBasemaps opens the archives of --basemap [name=]file. Those that are open come back in any case.
func openBasemaps(given []string) (maps []server.Basemap, err error) {
	for _, g := range given {
		name, path := basemapName(g)
		if !server.IsBasemapName(name) {
			return maps, usage(fmt.Errorf("--basemap %s: want name=file, the name of letters, digits, - and _", g))
		}
		f, err := os.Open(path)
		if err != nil {
			return maps, fmt.Errorf("--basemap: %w", err)
		}
		maps = append(maps, server.Basemap{Name: name, File: f})
	}
	return maps, nil
}

// basemapName splits [name=]file; without a name it is the file's, less its ending.
func basemapName(given string) (name, path string) {
	name, path, ok := strings.Cut(given, "=")
	if ok && !strings.ContainsRune(name, filepath.Separator) {
		return name, path
	}
	base := filepath.Base(given)
	return strings.TrimSuffix(base, filepath.Ext(base)), given
}

func closeBasemaps(maps []server.Basemap) (err error) {
	for _, m := range maps {
		err = errors.Join(err, m.File.Close())
	}
	return err
}
