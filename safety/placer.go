package safety

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/paulmach/orb"
)

// A Placer answers which-grid for every scheme, epoch and level at once: the answer that is
// stored with a record. It is safe for concurrent use.
type Placer struct {
	boundaries boundaries

	mu    sync.RWMutex
	known map[string]place // by the faces of the place in every coverage, so that each is named once
}

type place struct {
	id    PlaceID
	sites []Site
}

// NewPlacer builds a Placer over all grid versions of a division.
func NewPlacer(grids []Grid) (*Placer, error) {
	p := &Placer{boundaries: newBoundaries(grids), known: map[string]place{}}
	for _, s := range p.boundaries {
		for _, e := range s.epochs {
			for _, l := range e.levels {
				if _, err := l.get(); err != nil {
					return nil, fmt.Errorf("scheme %s: %w", s.name, err)
				}
			}
		}
	}
	return p, nil
}

// Place returns the place of p (degrees, finite) and its sites in order of scheme, epoch and
// level; Outside and none when no grid of any time holds it. The sites must not be changed.
func (p *Placer) Place(pt orb.Point) (PlaceID, []Site) {
	var space [64]byte // the faces of 16 levels: enough for most to allocate nothing
	faces := p.appendFaces(space[:0], pt)
	p.mu.RLock()
	known, ok := p.known[string(faces)]
	p.mu.RUnlock()
	if !ok {
		known = p.name(pt)
		p.mu.Lock()
		p.known[string(faces)] = known
		p.mu.Unlock()
	}
	return known.id, known.sites
}

// appendFaces appends the numbers of the faces that hold pt, scheme after scheme, epoch after epoch, level after level.
func (p *Placer) appendFaces(b []byte, pt orb.Point) []byte {
	var space [16]int32
	for _, s := range p.boundaries {
		for i := range s.epochs {
			owners, err := s.epochs[i].faces(pt, space[:])
			if err != nil {
				continue // NewPlacer has built every coverage: it cannot fail now
			}
			for _, n := range owners {
				b = binary.LittleEndian.AppendUint32(b, uint32(max(n, -1)))
			}
		}
	}
	return b
}

// name gives the grids that hold pt their place id, the same in every store and process.
func (p *Placer) name(pt orb.Point) place {
	var sites []Site
	for _, s := range p.boundaries {
		for i := range s.epochs {
			sites = appendSites(sites, s.name, &s.epochs[i], pt)
		}
	}
	if len(sites) == 0 {
		return place{id: Outside}
	}
	id := placeID(siteText(sites))
	for i := range sites {
		sites[i].Place = id
	}
	return place{id, sites}
}

func appendSites(sites []Site, scheme string, e *epoch, pt orb.Point) []Site {
	owners, err := e.locate(pt)
	if err != nil {
		return sites // as in appendFaces
	}
	for i, g := range owners {
		if g != nil {
			sites = append(sites, Site{Scheme: scheme, Epoch: e.from, Level: i + 1, Code: g.Code, ValidFrom: g.ValidFrom})
		}
	}
	return sites
}

func siteText(sites []Site) []byte {
	var b []byte
	for _, s := range sites {
		b = append(append(b, s.Scheme...), 0)
		b = strconv.AppendInt(b, int64(s.Epoch), 36)
		b = strconv.AppendInt(append(b, 0), int64(s.Level), 10)
		b = append(append(append(b, 0), s.Code...), 0)
		b = append(strconv.AppendInt(b, int64(s.ValidFrom), 36), '\n')
	}
	return b
}

// placeID is the first 63 bits of the SHA-256 of the sites, never 0.
func placeID(text []byte) PlaceID {
	sum := sha256.Sum256(text)
	return PlaceID(max(1, binary.BigEndian.Uint64(sum[:8])>>1))
}

// CompareSites orders sites by place, scheme, epoch and level: the order of Records.Sites.
func CompareSites(a, b Site) int {
	return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Scheme, b.Scheme),
		cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Level, b.Level))
}

// GridID proposes the integer id of a grid: 42 bits of the SHA-256 of its key, so that ids do
// not depend on the order of imports or on the store and stay short as varints. The store
// adds one until the id is free.
func GridID(division, scheme, code string) int64 {
	sum := sha256.Sum256([]byte(division + "\x00" + scheme + "\x00" + code))
	return int64(max(1, binary.BigEndian.Uint64(sum[:8])>>22))
}

// sortSites puts the sites of stored places into the order of Records.Sites.
func sortSites(sites []Site) []Site {
	if !slices.IsSortedFunc(sites, CompareSites) {
		sites = slices.Clone(sites)
		slices.SortFunc(sites, CompareSites)
	}
	return sites
}
