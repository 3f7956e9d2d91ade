package node

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// issuing is how an issuer keeps its lists.
type issuing struct {
	name  string
	every time.Duration // between signatures
	life  time.Duration // from iat to exp
	ttl   time.Duration // negative: none
}

var issuings = []issuing{
	{"every 5 min, exp 1 h", 5 * time.Minute, time.Hour, 5 * time.Minute},
	{"every 5 min, exp 12 h", 5 * time.Minute, 12 * time.Hour, 5 * time.Minute},
	{"daily, exp 24 h", 22 * time.Hour, 24 * time.Hour, 12 * time.Hour},
	{"weekly, exp 8 d", 7 * 24 * time.Hour, 8 * 24 * time.Hour, -1},
}

// day is a node in virtual time beside many lists, for so long.
type day struct {
	*core
	lists, shown int
	length       time.Duration
	down, up     time.Duration // the origins are gone between; 0: never
	leak         float64       // chance that a list is fetched within a second of a presentation

	of       []issuing
	uris     []string
	good     []*wallet
	revoked  []*wallet
	began    time.Time
	shows    []show
	wasWrong int
}

// show is one presentation and what came of it.
type show struct {
	at      time.Time
	list    int
	verdict verify.Verdict
	age     time.Duration // of what the answer rests on
	code    string
}

// newDay makes the lists. Each credential was shown once, so that its list is
// followed, and that is a while ago.
func newDay(t testing.TB, d day) *day {
	d.core = newCore(t)
	for i := range d.lists {
		k := issuings[i%len(issuings)]
		a := d.PID([]string{"DE", "FR"}[i/len(issuings)%2])
		list := a.NewStatusList(fmt.Sprintf("%s/day/%d", issuerHost, i), 1, 4096)
		good, err := list.Allocate(verifytest.StatusGood)
		if err != nil {
			t.Fatal(err)
		}
		bad, err := list.Allocate(verifytest.StatusRevoked)
		if err != nil {
			t.Fatal(err)
		}
		d.of, d.uris = append(d.of, k), append(d.uris, list.URI)
		d.good, d.revoked = append(d.good, d.issue(a, good)), append(d.revoked, d.issue(a, bad))
		// Their signatures are spread evenly over the time between two.
		since := k.every / time.Duration(d.lists) * time.Duration(i)
		d.net.serve(list.URI, signing(list, k, time.Now().Add(-since).Truncate(time.Second)))
	}
	return &d
}

// signing serves a list that is signed every so often, whether it has changed or not.
func signing(list *verifytest.StatusList, k issuing, first time.Time) func(*http.Request) reply {
	var at time.Time
	var token []byte
	return func(*http.Request) reply {
		if due := first.Add(time.Since(first).Truncate(k.every)); due != at {
			b, err := list.Token(verifytest.FormJWT, due, verifytest.TokenOptions{TTL: k.ttl, Expires: due.Add(k.life)})
			if err != nil {
				return reply{status: 500}
			}
			at, token = due, b
		}
		return reply{body: token, delay: 20 * time.Millisecond}
	}
}

// live runs the day.
func (d *day) live(t testing.TB) {
	end := d.run()
	defer end()
	d.seeded()
	for i := range d.lists {
		if s := d.good[i].show(); s != "indeterminate status_unavailable" {
			t.Fatalf("a list that nobody knows: %s", s)
		}
	}
	time.Sleep(10 * time.Minute)
	d.began = time.Now()
	if d.up > 0 {
		time.AfterFunc(d.down, func() { d.net.setDown(true) })
		time.AfterFunc(d.up, func() { d.net.setDown(false) })
	}
	for _, at := range instants(rand.New(rand.NewPCG(1, 2)), d.shown, d.lists, d.length) {
		time.Sleep(time.Until(d.began.Add(at.at)))
		d.present(t, at.list)
		if d.leak > 0 && rand.Float64() < d.leak {
			id := artefact.ID{Kind: artefact.Status, Name: d.uris[at.list]}
			time.AfterFunc(rand.N(time.Second), func() { d.node.follower.Hasten(id) })
		}
	}
	time.Sleep(time.Until(d.began.Add(d.length + 15*time.Minute)))
}

// instant is when something is shown, counted from the beginning, and of which list.
type instant struct {
	at   time.Duration
	list int
}

// instants are n of them, independent of each other and of everything else, in order.
// Some lists are shown far more often than others.
func instants(r *rand.Rand, n, lists int, length time.Duration) []instant {
	all := make([]instant, n)
	for i := range all {
		u := r.Float64()
		all[i] = instant{time.Duration(r.Float64() * float64(length)), int(u * u * float64(lists))}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].at < all[j].at })
	return all
}

// present shows a credential of a list, one in ten a revoked one, and holds the answer
// against what may be.
func (d *day) present(t testing.TB, list int) {
	w, bad := d.good[list], rand.N(10) == 0
	if bad {
		w = d.revoked[list]
	}
	r := w.present()
	s := show{at: time.Now(), list: list, verdict: r.Verdict}
	cred := r.Credentials[0]
	if len(cred.Reasons) > 0 {
		s.code = string(cred.Reasons[0].Code)
	}
	if st := cred.Status; st != nil && !st.AsOf.IsZero() {
		s.age = s.at.Sub(st.AsOf)
	}
	d.shows = append(d.shows, s)
	wrong := ""
	switch {
	case bad && r.Verdict == verify.Valid:
		wrong = "falsely valid"
	case !bad && r.Verdict == verify.Invalid:
		wrong = "falsely revoked"
	case r.Verdict == verify.Valid && (cred.Status == nil || !cred.Status.Expires.After(s.at)):
		wrong = "valid by a token that is over"
	case bad && r.Verdict == verify.Invalid && s.code != "status_revoked":
		wrong = "invalid for another reason"
	case len(cred.Warnings) > 0:
		wrong = "with a warning"
	case r.Verdict == verify.Indeterminate && !d.mayFail(s):
		wrong = "indeterminate, and its list could be had"
	}
	if wrong != "" {
		if d.wasWrong++; d.wasWrong < 10 {
			t.Errorf("%s after the beginning, %s: %s: %s", s.at.Sub(d.began), d.of[list].name, wrong, said(r))
		}
	}
}

// mayFail says whether an answer may be indeterminate: in an outage, or so soon after
// it that the node's back-off need not be over, and for as long a list as it has lived
// through.
func (d *day) mayFail(s show) bool {
	k, into := d.of[s.list], s.at.Sub(d.began)
	return d.up > 0 && s.code == "status_token_expired" && into < d.up+6*time.Minute &&
		into > d.down+max(0, k.life-k.every-6*time.Minute)
}

// load prints what the day cost the origins.
func (d *day) load() string {
	type cost struct{ lists, requests, unchanged, refused, bytes int }
	costs := make(map[string]*cost)
	of := make(map[string]string)
	for i, k := range d.of {
		of[d.uris[i]] = k.name
		if costs[k.name] == nil {
			costs[k.name] = &cost{}
		}
		costs[k.name].lists++
	}
	for _, a := range d.net.asked {
		c := costs[of[a.url]]
		if c == nil || a.at.Before(d.began) || a.at.After(d.began.Add(d.length)) {
			continue
		}
		c.requests++
		c.bytes += a.bytes
		switch a.status {
		case 304:
			c.unchanged++
		case 0:
			c.refused++
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ISSUER SIGNS\tLISTS\tREQUESTS PER LIST\tOF THEM 304\tREFUSED IN THE OUTAGE\tBYTES PER LIST\t")
	for _, k := range issuings {
		if c := costs[k.name]; c != nil {
			per := func(n int) float64 { return float64(n) / float64(c.lists) / (d.length.Hours() / 24) }
			fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.0f\t\n", k.name, c.lists, per(c.requests), per(c.unchanged), per(c.refused), per(c.bytes))
		}
	}
	_ = w.Flush()
	return b.String()
}

// dark prints what became of answers in the outage.
func (d *day) dark() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ISSUER SIGNS\tHOURS INTO THE OUTAGE\tVALID\tREVOKED\tINDETERMINATE\tOLDEST ANSWER\tFIRST INDETERMINATE\tLAST\t")
	for _, k := range issuings {
		var first, last time.Duration
		for hour := 0; hour <= 6; hour++ {
			count := make(map[verify.Verdict]int)
			var oldest time.Duration
			for _, s := range d.shows {
				into := s.at.Sub(d.began) - d.down
				if d.of[s.list].name != k.name || into < 0 {
					continue
				}
				if s.verdict == verify.Indeterminate {
					if first == 0 {
						first = into
					}
					last = into
				}
				if into < time.Duration(hour)*time.Hour || into >= time.Duration(hour+1)*time.Hour {
					continue
				}
				count[s.verdict]++
				if s.verdict != verify.Indeterminate {
					oldest = max(oldest, s.age)
				}
			}
			during, from, to := fmt.Sprintf("%d to %d", hour, hour+1), "", ""
			if hour == 6 {
				during = "the hour after"
				if first > 0 {
					from, to = first.Round(time.Second).String(), last.Round(time.Second).String()
				} else {
					from, to = "never", "never"
				}
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t\n", k.name, during, count[verify.Valid], count[verify.Invalid], count[verify.Indeterminate], oldest.Round(time.Second), from, to)
		}
	}
	_ = w.Flush()
	return b.String()
}

// waits are the times from instants until the list in question is next asked for.
func (d *day) waits(all []instant) (list []float64) {
	index := make(map[string][]time.Time)
	for _, a := range d.net.asked {
		index[a.url] = append(index[a.url], a.at)
	}
	for _, in := range all {
		at, fetched := d.began.Add(in.at), index[d.uris[in.list]]
		i := sort.Search(len(fetched), func(i int) bool { return !fetched[i].Before(at) })
		if i < len(fetched) {
			list = append(list, fetched[i].Sub(at).Seconds())
		}
	}
	return list
}

// The test that fetches do not depend on presentations is Kolmogorov and Smirnov's,
// of two samples. H0: the time from a presentation to the next request for its list
// is distributed as that from an instant which has nothing to do with the node. The
// other sample is drawn from the same law of instants and lists, so that under H0 the
// two are exchangeable, whatever the schedule was. It has ksOthers times the size.
const (
	ksAlpha  = 0.0001
	ksOthers = 20
)

// independence is the test's statistic for the day, with where it rejects H0.
func (d *day) independence() (statistic, critical float64, n, m int) {
	var shown []instant
	for _, s := range d.shows {
		shown = append(shown, instant{s.at.Sub(d.began), s.list})
	}
	r := rand.New(rand.NewPCG(3, 4))
	a, b := d.waits(shown), d.waits(instants(r, ksOthers*d.shown, d.lists, d.length))
	slices.Sort(a)
	slices.Sort(b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		statistic = max(statistic, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	n, m = len(a), len(b)
	// P(D > c·sqrt((n+m)/nm)) → 2·exp(-2c²)
	critical = math.Sqrt(-math.Log(ksAlpha/2)/2) * math.Sqrt(float64(n+m)/(float64(n)*float64(m)))
	return statistic, critical, n, m
}

// daySize is short unless EDGETRUST_LONG says otherwise.
func daySize() (lists, shown int) {
	if os.Getenv("EDGETRUST_LONG") != "" {
		return 1000, 200_000
	}
	if testing.Short() {
		return 12, 1200
	}
	return 40, 4000
}

// TestSimulatedDay: a day of a node that follows the lists of four kinds of issuers
// because credentials named them, with six hours in the middle in which no origin can
// be had. What it asks of the origins is told by their lists and not by what is shown;
// no answer is wrong, and what cannot be known is called so.
func TestSimulatedDay(t *testing.T) {
	lists, shown := daySize()
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t, day{lists: lists, shown: shown, length: 24 * time.Hour, down: 9 * time.Hour, up: 15 * time.Hour})
		d.live(t)
		for _, s := range d.shows {
			if d.of[s.list].name == issuings[3].name && s.verdict == verify.Indeterminate {
				t.Errorf("weekly issuer, %s into the day: %s", s.at.Sub(d.began), s.code)
				break
			}
		}
		dark := make(map[string]int)
		for _, s := range d.shows {
			if s.verdict == verify.Indeterminate {
				dark[d.of[s.list].name]++
			}
		}
		if dark[issuings[0].name] == 0 || dark[issuings[1].name] != 0 {
			t.Errorf("indeterminate: %v; lists of an hour must end in an outage of six, and those of twelve must not", dark)
		}
		statistic, critical, n, m := d.independence()
		if statistic > critical {
			t.Errorf("fetches depend on presentations: D = %.4f > %.4f", statistic, critical)
		}
		t.Logf("%d lists, %d presentations, per list and day at the origins:\n%s", lists, len(d.shows), d.load())
		t.Logf("origins gone from hour 9 to 15:\n%s", d.dark())
		t.Logf("Kolmogorov-Smirnov, presentations against instants of their own: n = %d, m = %d, D = %.4f, alpha = %g rejects above %.4f", n, m, statistic, ksAlpha, critical)
	})
}

// TestLeakIsDetected holds the test of independence against a scheduler that has one
// presentation in twenty followed by a fetch of its list within a second. By the normal
// approximation the power at n = 6000 is above 0.9999: the samples differ by about 0.047
// at one second, with a standard deviation of 0.0029, and 0.0295 is enough.
func TestLeakIsDetected(t *testing.T) {
	if testing.Short() {
		t.Skip("the race run: statistics are no other there")
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t, day{lists: 40, shown: 6000, length: 8 * time.Hour, leak: 0.05})
		d.live(t)
		statistic, critical, n, m := d.independence()
		if statistic <= critical {
			t.Errorf("a leak of 5 %% is not detected: D = %.4f, critical %.4f", statistic, critical)
		}
		t.Logf("a leak of 5 %%: n = %d, m = %d, D = %.4f, alpha = %g rejects above %.4f", n, m, statistic, ksAlpha, critical)
	})
}
