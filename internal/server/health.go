package server

import (
	_ "embed"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hazgrid/internal/web"
)

//go:embed openapi.json
var openAPIDocument []byte

func (s *Server) openAPI(w http.ResponseWriter, r *http.Request, st *state) error {
	return s.reply(w, r, st, answer{"openapi", "application/json", func() ([]byte, error) { return openAPIDocument, nil }})
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ *state) error {
	return plain(w, "alive\n")
}

// readyz says ready as soon as it can be asked: a server has a snapshot from its first moment, and keeps it when the store fails.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request, _ *state) error {
	return plain(w, "ready\n")
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text) // the client may be gone
	return nil
}

// page serves the dashboard, with the headers it needs.
func (s *Server) page(w http.ResponseWriter, r *http.Request, _ *state) error {
	web.Handler().ServeHTTP(w, r)
	return nil
}

// metrics are what Prometheus reads.
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hazgrid_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hazgrid_http_request_seconds", Help: "Time to answer.", Buckets: prometheus.ExponentialBuckets(0.0002, 4, 9),
		}, []string{"route"}),
	}
	version := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hazgrid_version", Help: "Version that is served."}, func() float64 {
		if st := s.state.Load(); st != nil {
			return float64(st.snapshot.Version())
		}
		return 0
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, version, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// routeMetrics are those of one route, looked up once: a name is looked up by its hash, again and again.
type routeMetrics struct {
	all     *metrics
	route   string
	seconds prometheus.Observer
	ok, not prometheus.Counter // statuses 200 and 304
}

func (m *metrics) of(route string) routeMetrics {
	return routeMetrics{
		m, route, m.seconds.WithLabelValues(route),
		m.requests.WithLabelValues(route, "200"), m.requests.WithLabelValues(route, "304"),
	}
}

func (m routeMetrics) observe(status int, took time.Duration) {
	switch status {
	case http.StatusOK:
		m.ok.Inc()
	case http.StatusNotModified:
		m.not.Inc()
	default:
		m.all.requests.WithLabelValues(m.route, strconv.Itoa(status)).Inc()
	}
	m.seconds.Observe(took.Seconds())
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request, _ *state) error {
	w.Header().Set("Cache-Control", "no-store")
	m.handler.ServeHTTP(w, r)
	return nil
}
