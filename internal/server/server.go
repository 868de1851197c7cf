package server

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

// A Config says what to serve and how. Store is required.
type Config struct {
	Store    store.Store
	Location *time.Location   // in which dates are read and answers written; nil: UTC
	Clock    func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: nothing is logged
	Division string           // named by GET /api/v1/district; "": "0"
	OpensAt  string           // date the dashboard opens at; "": now
	Open     bool             // other hosts may ask; the caller binds the address
	TileMB   int              // memory for ready tiles, 10⁶ bytes; 0: 128, negative: none, each is drawn whenever it is asked for
	Basemaps []Basemap        // archives to serve beside the layers
}

// A Server is the HTTP service of one division. Make one with New; it follows the store while Run runs.
type Server struct {
	cfg     Config
	handler http.Handler
	tiled   http.Handler // what the router would find for the path of a tile
	state   atomic.Pointer[state]
	update  sync.Mutex // held while the next state is made
	metrics *metrics
	closing chan struct{} // closed when Run ends
	end     sync.Once

	sendWithin time.Duration // how long a listener to events may take nothing

	noting   flight        // of writing that a deadline has passed
	building chan struct{} // a place for each answer that may be made at the same time

	negotiator     negotiator
	tileNegotiator negotiator

	fixed    *fixedHeaders
	basemaps map[string]*basemap // by name

	answers *cache[string, *content]
	tiles   *cache[tileKey, *tileSlot]
	paint   *painter
	extents *cache[extentKey, orb.Bound]
	counts  *cache[[sha256.Size]byte, int] // of features that match
	heat    *heat
}

// state is a snapshot, and what came before it.
type state struct {
	seq        int64 // counts the states of this server
	snapshot   *safety.Snapshot
	version    []string      // of the snapshot, as a header says it
	linesSince int64         // number of the state from which on the lines have been these
	history    []change      // the last ones, oldest first
	before     int64         // version of the state before
	told       string        // the event that tells what changed since then
	superseded chan struct{} // closed when there is a newer state
}

// What the caches hold at most, bytes.
const (
	answerBytes = 64 << 20
	tileMB      = 128
)

// New loads the division and returns a server that is ready to answer.
func New(ctx context.Context, cfg Config) (*Server, error) {
	// Two for each core: more at once make nobody's answer come sooner, and each takes memory.
	s := &Server{cfg: cfg.withDefaults(), closing: make(chan struct{}), sendWithin: sendWithin, building: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	s.answers = newCache[string](answerBytes, (*content).size)
	s.tiles = newCache[tileKey](1_000_000*s.cfg.TileMB, func(slot *tileSlot) int { return 256 + slot.texts + slot.drawn.Load().size() })
	s.paint, s.fixed = newPainter(), newFixedHeaders()
	s.extents = newCache[extentKey](extentsKept, extentSize)
	s.counts = newCache[[sha256.Size]byte](countsKept, countSize)
	s.heat = newHeat()
	s.negotiator.order, s.tileNegotiator.order = codings(), tileCodings()
	s.metrics = newMetrics(s)
	var err error
	if s.basemaps, err = openBasemaps(s.cfg.Basemaps); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("load the division: %w", err)
	}
	s.handler, s.tiled = s.routes()
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Location == nil {
		c.Location = time.UTC
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.TileMB == 0 {
		c.TileMB = tileMB
	}
	if c.Division == "" {
		c.Division = "0"
	}
	return c
}

// ServeHTTP answers a request. Tiles are asked for by the dozen and are often ready: they do not pass the router, which
// would take longer than the answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isTilePath(r.URL.Path) {
		s.tiled.ServeHTTP(w, r)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// now is the service's clock.
func (s *Server) now() safety.Time { return safety.TimeOf(s.cfg.Clock()) }

// current returns the newest snapshot.
func (s *Server) current() *safety.Snapshot { return s.state.Load().snapshot }
