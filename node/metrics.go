package node

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/api"
)

// metrics counts what a node does. Every label has a fixed, small set of values;
// none says anything of a presentation, and no status list is named.
type metrics struct {
	registry  *prometheus.Registry
	verified  *prometheus.CounterVec
	reasons   *prometheus.CounterVec
	durations *prometheus.HistogramVec
	requests  *prometheus.CounterVec
	refused   *prometheus.CounterVec
	events    *prometheus.CounterVec
	looks     *prometheus.CounterVec

	spread      *prometheus.HistogramVec
	transferred *prometheus.CounterVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		verified: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_verify_total", Help: "Presentations evaluated, by verdict and format.",
		}, []string{"verdict", "format"}),
		reasons: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_verify_reasons_total", Help: "Reasons given, by code.",
		}, []string{"code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "edgetrust_verify_duration_seconds", Help: "Time an evaluation took, by verdict.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}, []string{"verdict"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_http_requests_total", Help: "Requests on the public listener.",
		}, []string{"endpoint", "protocol", "status"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_artefacts_refused_total", Help: "Lists and tokens refused, by list, code and the door they came by.",
		}, []string{"list", "code", "door"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_events_total", Help: "What happened to lists, by type.",
		}, []string{"type"}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_origin_requests_total", Help: "Looks at origins and local files, 304 included, by list and outcome.",
		}, []string{"list", "outcome"}),
		spread: newSpreadMetric(),
		transferred: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "edgetrust_transfer_bytes_total", Help: "Bytes of bodies and messages that members sent this node (in) and it sent them (out), as they travelled.",
		}, []string{"direction"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "edgetrust_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.verified, m.reasons, m.durations, m.requests, m.refused, m.events, m.looks, m.spread, m.transferred, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds the gauges that are read off the store when they are asked for.
func (m *metrics) watch(s *cache.Store) { m.registry.MustRegister(listCollector{s}) }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts one exchange of the public listener.
func (m *metrics) observe(o api.Observation) {
	m.requests.WithLabelValues(o.Endpoint, o.Protocol, strconv.Itoa(o.Status)).Inc()
	for _, e := range o.Evaluated {
		m.durations.WithLabelValues(string(e.Verdict)).Observe(e.Duration.Seconds())
		for _, format := range e.Formats {
			m.verified.WithLabelValues(string(e.Verdict), format).Inc()
		}
		for _, c := range e.Codes {
			m.reasons.WithLabelValues(string(c)).Inc()
		}
	}
}

// event counts what happened to lists, and what of them the store refused.
func (m *metrics) event(e cache.Event) {
	m.events.WithLabelValues(e.Type).Inc()
	if e.Code != "" {
		m.refused.WithLabelValues(e.List, e.Code, string(e.Door)).Inc()
	}
}

// look counts one look at an origin.
func (m *metrics) look(id artefact.ID, outcome string) {
	m.looks.WithLabelValues(nameOf(id), outcome).Inc()
}

var (
	listAge        = prometheus.NewDesc("edgetrust_list_age_seconds", "Time since the last look at a list's origin.", []string{"list"}, nil)
	listNextUpdate = prometheus.NewDesc("edgetrust_list_next_update_timestamp_seconds", "When a list says its successor is due.", []string{"list"}, nil)
	listAnchors    = prometheus.NewDesc("edgetrust_list_anchors", "Anchors of a list that are held.", []string{"list"}, nil)
	listSkipped    = prometheus.NewDesc("edgetrust_list_skipped_certificates", "Certificates of a list that cannot be used.", []string{"list"}, nil)
	listState      = prometheus.NewDesc("edgetrust_list_state", "1 for the state a list is in.", []string{"list", "state"}, nil)
	statusHeld     = prometheus.NewDesc("edgetrust_status_lists", "Status lists and identifier lists: followed, held, and held past their end.", []string{"what"}, nil)
	crlsHeld       = prometheus.NewDesc("edgetrust_crls", "Certificate revocation lists: followed, held, and held past their next update.", []string{"what"}, nil)
	statusBytes    = prometheus.NewDesc("edgetrust_status_memory_bytes", "Memory that status lists and revocation lists take, and may take.", []string{"what"}, nil)
	statusLeft     = prometheus.NewDesc("edgetrust_status_memory_total", "Lists that left to make room, that found none, and that a limit on their number kept out.", []string{"what"}, nil)
	statusTiny     = prometheus.NewDesc("edgetrust_status_tiny_issuers", "Issuers whose status lists have so few entries that one could point at a person.", nil, nil)
	statusEntries  = prometheus.NewDesc("edgetrust_status_entries", "Entries of the status lists that are held.", nil, nil)
	clockTrusted   = prometheus.NewDesc("edgetrust_clock_trusted", "1 while the clock can be right; 0: every answer is indeterminate.", nil, nil)
	dataDirWorks   = prometheus.NewDesc("edgetrust_data_dir_writable", "1 while what is admitted survives a restart; 0: data_dir failed.", nil, nil)
	dataDirAside   = prometheus.NewDesc("edgetrust_data_dir_set_aside", "Damaged or foreign files of data_dir set aside at start.", nil, nil)
	statusOldest   = prometheus.NewDesc("edgetrust_status_oldest_seconds", "Time since the oldest of the status lists held was issued: so late can a revocation be.", nil, nil)
)

type listCollector struct{ store *cache.Store }

func (c listCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{listAge, listNextUpdate, listAnchors, listSkipped, listState, statusHeld, crlsHeld, statusBytes, statusLeft, statusTiny, statusEntries, statusOldest, clockTrusted, dataDirWorks, dataDirAside} {
		ch <- d
	}
}

func (c listCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, l := range c.store.Lists(now) {
		gauge(listState, 1, l.Source.Name, string(l.State))
		if l.List == nil {
			continue
		}
		gauge(listAge, now.Sub(l.LookedAt).Seconds(), l.Source.Name)
		gauge(listAnchors, float64(len(l.List.Anchors)), l.Source.Name)
		gauge(listSkipped, float64(len(l.List.Skipped)), l.Source.Name)
		if !l.NextUpdate.IsZero() {
			gauge(listNextUpdate, float64(l.NextUpdate.Unix()), l.Source.Name)
		}
	}
	one := func(ok bool) float64 {
		if ok {
			return 1
		}
		return 0
	}
	gauge(clockTrusted, one(c.store.View().ClockTrusted(now)))
	if d, ok := c.store.Disk(); ok {
		gauge(dataDirWorks, one(d.Err == nil))
		gauge(dataDirAside, float64(len(d.Aside)))
	}
	st := c.store.StatusLists(now)
	gauge(statusHeld, float64(st.Followed), "followed")
	gauge(statusHeld, float64(st.Held), "held")
	gauge(statusHeld, float64(st.Expired), "expired")
	gauge(crlsHeld, float64(st.CRLsFollowed), "followed")
	gauge(crlsHeld, float64(st.CRLsHeld), "held")
	gauge(crlsHeld, float64(st.CRLsExpired), "expired")
	gauge(statusBytes, float64(st.Used), "used")
	gauge(statusBytes, float64(st.Max), "max")
	counter := func(v uint64, what string) {
		ch <- prometheus.MustNewConstMetric(statusLeft, prometheus.CounterValue, float64(v), what)
	}
	counter(st.Evicted, "evicted")
	counter(st.Refused, "refused")
	counter(st.KeptOut, "kept_out")
	gauge(statusTiny, float64(st.Tiny))
	gauge(statusEntries, float64(st.Entries))
	if !st.Oldest.IsZero() {
		gauge(statusOldest, now.Sub(st.Oldest).Seconds())
	}
}

// nameOf is what a metric calls a list: none but a trust list is named, so that no
// URI stands there.
func nameOf(id artefact.ID) string {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		return "status"
	case artefact.CRL, artefact.Aggregation:
		return string(id.Kind)
	}
	return id.Name
}
