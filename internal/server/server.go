package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"
	"hazgrid/tiles"
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
}

// A Server is the HTTP service of one division. Make one with New; it follows the store while Run runs.
type Server struct {
	cfg     Config
	handler http.Handler
	state   atomic.Pointer[state]
	update  sync.Mutex // held while the next state is made
	metrics *metrics
	closing chan struct{} // closed when Run ends
	end     sync.Once

	noting   flight        // of writing that a deadline has passed
	building chan struct{} // a place for each answer that may be made at the same time

	answers *cache[string, *content]
	shapes  *cache[shapeKey, []tiles.Shape]
	heat    *heat
}

// state is a snapshot, and what came before it.
type state struct {
	snapshot   *safety.Snapshot
	history    []change      // the last ones, oldest first
	superseded chan struct{} // closed when there is a newer state
}

// What the caches hold at most, bytes.
const (
	answerBytes = 64 << 20
	shapeBytes  = 64 << 20
)

// New loads the division and returns a server that is ready to answer.
func New(ctx context.Context, cfg Config) (*Server, error) {
	// Two for each core: more at once make nobody's answer come sooner, and each takes memory.
	s := &Server{cfg: cfg.withDefaults(), closing: make(chan struct{}), building: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	s.answers = newCache[string](answerBytes, (*content).size)
	s.shapes = newCache[shapeKey](shapeBytes, shapesSize)
	s.heat = newHeat()
	s.metrics = newMetrics(s)
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("load the division: %w", err)
	}
	s.handler = s.routes()
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
	if c.Division == "" {
		c.Division = "0"
	}
	return c
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// now is the service's clock.
func (s *Server) now() safety.Time { return safety.TimeOf(s.cfg.Clock()) }

// current returns the newest snapshot.
func (s *Server) current() *safety.Snapshot { return s.state.Load().snapshot }
