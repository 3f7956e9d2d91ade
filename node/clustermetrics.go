package node

import (
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgetrust/edgetrust/gossip"
)

var (
	memberCount   = prometheus.NewDesc("edgetrust_members", "Other members of the cluster, by state; those that count are trusted.", []string{"state"}, nil)
	memberSettled = prometheus.NewDesc("edgetrust_cluster_settled", "1 once this node knows whom it is among.", nil, nil)
	announcements = prometheus.NewDesc("edgetrust_announcements_total", "Announcements: sent for news of its own (out) and of others (forwarded), heard (in), heard again, and dropped, by reason.", []string{"what"}, nil)
	exchanges     = prometheus.NewDesc("edgetrust_exchanges_total", "Comparisons with other members, heads that were told to them, bodies that were asked for, and bodies that did not come.", []string{"what"}, nil)
	gossipDropped = prometheus.NewDesc("edgetrust_gossip_dropped_total", "What came to the gossip port and was dropped: packets that no gossip key opens (foreign), for which there was no time (queue_full) and beyond what one address may send in a second (rate_limited), and connections beyond what there may be at once (connection).", []string{"what"}, nil)
	certificate   = prometheus.NewDesc("edgetrust_node_certificate_not_after_timestamp_seconds", "When the node certificate ends.", nil, nil)
	udpDropped    = prometheus.NewDesc("edgetrust_udp_dropped_total", "Packets that the kernel dropped because this node did not fetch them in time, and at the gossip port also those that by their first byte or length are no member's, or are part of a flood from addresses of no member.", []string{"listener"}, nil)
	nameConflicts = prometheus.NewDesc("edgetrust_name_conflicts_total", "Times that a second node came with a name that another has. It rises as long as both are there.", nil, nil)
	refusals      = prometheus.NewDesc("edgetrust_cluster_refusals_total", "What other nodes brought and the log does not tell of: connections with a certificate of a jurisdiction outside residency.allow, and versions that are older than what is held (late) or whose signer is not known yet (waiting).", []string{"what"}, nil)
)

// clusterCollector reads the cluster's counters when they are asked for.
type clusterCollector struct{ c *cluster }

func (k clusterCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{memberCount, memberSettled, announcements, exchanges, gossipDropped, nameConflicts, refusals, certificate} {
		ch <- d
	}
}

func (k clusterCollector) Collect(ch chan<- prometheus.Metric) {
	if k.c.gossip == nil {
		return // not started
	}
	r := k.c.gossip.Report()
	states := map[string]int{string(gossip.Alive): 0, string(gossip.Dead): 0, string(gossip.Gone): 0, string(gossip.Unmet): 0, string(gossip.Silent): 0, "trusted": 0}
	for _, m := range r.Members {
		states[string(m.State)]++
		if m.Trusted {
			states["trusted"]++
		}
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for state, n := range states {
		gauge(memberCount, float64(n), state)
	}
	settled := 0.0
	if r.Settled {
		settled = 1
	}
	gauge(memberSettled, settled)
	gauge(certificate, float64(k.c.identity.NotAfter().Unix()))
	counter := func(d *prometheus.Desc, n uint64, what string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), what)
	}
	ch <- prometheus.MustNewConstMetric(nameConflicts, prometheus.CounterValue, float64(r.Conflicts))
	s := r.Stats
	for what, n := range map[string]uint64{
		"out": s.Announced, "forwarded": s.Forwarded, "in": s.Heard, "repeated": s.Repeated, "implausible": s.Implausible,
		"rate_limited": s.RateLimited, "forged": s.Forged, "unknown": s.Unknown, "avoided": s.Avoided,
		"queue_full": r.Dropped, "stranger": r.Stranger, "malformed": r.Malformed,
	} {
		counter(announcements, n, what)
	}
	for what, n := range map[string]uint64{"compared": s.Compared, "told": s.Told, "pulled": s.Pulls, "pull_failed": s.PullFailed} {
		counter(exchanges, n, what)
	}
	d := r.Sockets
	for what, n := range map[string]uint64{"foreign": d.Foreign, "queue_full": d.Full, "rate_limited": d.Limited, "connection": d.Refused} {
		counter(gossipDropped, n, what)
	}
	peers := k.c.n.store.FromPeers()
	for what, n := range map[string]uint64{"jurisdiction": k.c.identity.Refused(), "late": peers.Late, "waiting": peers.Waiting} {
		counter(refusals, n, what)
	}
}

// socketCollector reads how many packets the kernel had to drop.
type socketCollector struct{ n *Node }

func (socketCollector) Describe(ch chan<- *prometheus.Desc) { ch <- udpDropped }

func (k socketCollector) Collect(ch chan<- prometheus.Metric) {
	for name, port := range k.n.udpPorts() {
		if drops, ok := udpDrops(port); ok {
			ch <- prometheus.MustNewConstMetric(udpDropped, prometheus.CounterValue, float64(drops), name)
		}
	}
}

// newSpreadMetric is how long it took until what is new somewhere is here.
func newSpreadMetric() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "edgetrust_spread_seconds", Help: "Time from an announcement at one member until it was heard (beacon) or its list was in force here (list), by the clocks of both.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
	}, []string{"what"})
}

// exchanged counts the bytes that others send and are sent where they ask this node.
func (m *metrics) exchanged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &countedBody{r.Body, m}
		next.ServeHTTP(&counted{w, m}, r)
	})
}

// moved counts bytes that members sent this node, and that it sent them.
func (m *metrics) moved(in, out int) {
	m.transferred.WithLabelValues("in").Add(float64(in))
	m.transferred.WithLabelValues("out").Add(float64(out))
}

// countedBody is the body of a request whose bytes are counted.
type countedBody struct {
	io.ReadCloser
	m *metrics
}

func (c *countedBody) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.m.moved(n, 0)
	return n, err
}

// counted is a ResponseWriter whose bytes are counted.
type counted struct {
	http.ResponseWriter
	m *metrics
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.m.moved(0, n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is below.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// beacon notes how long another member's beacon took.
func (m *metrics) beacon(_ string, took time.Duration) {
	m.spread.WithLabelValues("beacon").Observe(took.Seconds())
}
