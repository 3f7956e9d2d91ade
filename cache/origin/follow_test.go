package origin

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const (
	refresh    = time.Hour
	refreshMin = time.Minute
	refreshMax = 30 * time.Minute
	statusPath = "/status/de-jwt"
	statusURI  = "https://status.example" + statusPath
)

// lab is a world whose lists an origin serves to a follower, in a bubble.
type lab struct {
	*verifytest.World
	t      *testing.T
	origin *cachetest.Origin
	store  *failures
	f      *Follower
	start  time.Time
	status *verifytest.StatusList

	mu      sync.Mutex
	targets []Followed
	seen    map[string][]string // by name: what came of the looks
	log     bytes.Buffer
}

func (l *lab) follows() []Followed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.targets)
}

// failures is a store that remembers the looks that came to nothing.
type failures struct {
	*cache.Store
	mu     sync.Mutex
	failed map[artefact.ID][]error
}

func (s *failures) Failed(id artefact.ID, at time.Time, err error) {
	s.mu.Lock()
	s.failed[id] = append(s.failed[id], err)
	s.mu.Unlock()
	s.Store.Failed(id, at, err)
}

// inLab runs a test in a bubble whose world follows the pid list and one status
// list. Both are served well.
func inLab(t *testing.T, test func(*testing.T, *lab)) {
	synctest.Test(t, func(t *testing.T) {
		w, err := verifytest.New(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		l := &lab{World: w, t: t, origin: &cachetest.Origin{}, start: time.Now(), seen: make(map[string][]string)}
		logger := slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		l.store = &failures{failed: make(map[artefact.ID][]error), Store: cache.New(cache.Options{
			UnsafeTestAnchors: true, Logger: logger, Status: []string{statusURI},
			Sources: []cache.Source{{Name: "pid", Type: artefact.LoTE, Profile: "pid", URL: "https://lists.example/pid", Signers: []*x509.Certificate{w.Operator.Cert}, Refresh: refresh}},
		}, time.Now())}
		l.status = w.PID("DE").NewStatusList(statusURI, 2, 1024)
		l.targets = []Followed{
			{ // before the trust list, which is looked at first all the same
				ID: artefact.ID{Kind: artefact.Status, Name: statusURI}, Door: artefact.Origin, Target: Target{URL: statusURI, Max: cache.MaxStatus},
				Next: func(o cache.Outcome) time.Duration { return min(max(o.TTL, refreshMin), refreshMax) },
			},
			{
				ID: artefact.ID{Kind: artefact.LoTE, Name: "pid"}, Door: artefact.Origin, Target: Target{URL: "https://lists.example/pid", Max: cache.MaxList},
				Next: func(cache.Outcome) time.Duration { return refresh },
			},
		}
		l.f = &Follower{Store: l.store, Fetcher: socketless(t, l.origin), Logger: logger, Observe: l.observe, Targets: l.follows}
		l.serveList(1)
		l.serveStatus(verifytest.TokenOptions{})
		test(t, l)
	})
}

func (l *lab) observe(id artefact.ID, outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[id.Name] = append(l.seen[id.Name], outcome)
}

func (l *lab) outcomes(name string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.seen[name]...)
}

func (l *lab) serveList(seq uint64) {
	l.t.Helper()
	b, err := l.LoTE("pid", verifytest.ListOptions{Sequence: seq})
	if err != nil {
		l.t.Fatal(err)
	}
	l.origin.Set("/pid", cachetest.Document{Body: b})
}

func (l *lab) serveStatus(o verifytest.TokenOptions) {
	l.t.Helper()
	if o.Expires.IsZero() {
		o.Expires = time.Now().Add(1000 * time.Hour)
	}
	b, err := l.status.Token(verifytest.FormJWT, time.Now(), o)
	if err != nil {
		l.t.Fatal(err)
	}
	l.origin.Set(statusPath, cachetest.Document{Body: b})
}

// follow runs the follower for a while of the bubble's time and ends it.
func (l *lab) follow(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	l.f.Run(ctx)
}

// gaps are the times between requests for a path.
func (l *lab) gaps(path string) (gaps []time.Duration) {
	all := l.origin.Requests(path)
	for i := 1; i < len(all); i++ {
		gaps = append(gaps, all[i].At.Sub(all[i-1].At))
	}
	return gaps
}

// span is how long a wait may be.
type span struct{ least, most time.Duration }

// around is a wait give or take the jitter.
func around(d time.Duration) span {
	const rounding = time.Microsecond
	return span{time.Duration(float64(d)*(1-Jitter)) - rounding, time.Duration(float64(d)*(1+Jitter)) + rounding}
}

func (s span) holds(d time.Duration) bool { return s.least <= d && d <= s.most }

// A list is looked at once at the start and then on its schedule, jittered.
func TestFollowSchedule(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.follow(48 * time.Hour)
		gaps := l.gaps("/pid")
		if len(gaps) < 40 || len(gaps) > 60 {
			t.Fatalf("%d looks in 48 hours", len(gaps)+1)
		}
		if first := l.origin.Requests("/pid")[0].At; !first.Equal(l.start) {
			t.Errorf("the first look came after %v", first.Sub(l.start))
		}
		different := map[time.Duration]bool{}
		for _, g := range gaps {
			if !around(refresh).holds(g) {
				t.Errorf("waited %v", g)
			}
			different[g] = true
		}
		if len(different) < len(gaps)/2 {
			t.Error("there is no jitter")
		}
		// Everything after the first look was conditional.
		for i, o := range l.outcomes("pid") {
			if want := map[bool]string{true: "ok", false: "not_modified"}[i == 0]; o != want {
				t.Fatalf("look %d: %s, want %s", i, o, want)
			}
		}
		// And counted as a look: the list is fresh two days later.
		if i := l.store.Lists(time.Now())[0]; i.State != "fresh" || time.Since(i.LookedAt) > 2*refresh {
			t.Errorf("%s, looked at %v ago", i.State, time.Since(i.LookedAt))
		}
	})
}

// Status lists wait for the trust lists, without which nothing of theirs can be
// verified.
func TestFollowTrustListsFirst(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.origin.Change("/pid", func(d *cachetest.Document) { d.Delay = 10 * time.Second })
		l.follow(30 * time.Second)
		if r := l.origin.Requests(statusPath); len(r) != 1 || r[0].At.Before(l.start.Add(10*time.Second)) {
			t.Errorf("status list asked for: %+v", r)
		}
		if got := fmt.Sprint(l.outcomes(statusURI)); got != "[ok]" {
			t.Errorf("outcomes %s", got)
		}
	})
}

// The wait for a status list follows what its token asks for, through Next, also
// when the origin has nothing new.
func TestFollowTTL(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		-1: refreshMin, 10 * time.Second: refreshMin, refreshMin: refreshMin,
		10 * time.Minute: 10 * time.Minute, refreshMax: refreshMax, 5 * time.Hour: refreshMax,
	} {
		inLab(t, func(t *testing.T, l *lab) {
			l.serveStatus(verifytest.TokenOptions{TTL: ttl})
			l.follow(5 * want)
			gaps := l.gaps(statusPath)
			if len(gaps) < 3 {
				t.Fatalf("ttl %v: %d looks", ttl, len(gaps)+1)
			}
			for _, g := range gaps {
				if !around(want).holds(g) {
					t.Errorf("ttl %v: waited %v, want %v", ttl, g, want)
				}
			}
		})
	}
}

// An origin that cannot be had is asked again after a second or so, then less and
// less often but at least every five minutes; bytes that are refused are fetched
// again after five minutes, then less often. Once the list is back it is on its
// schedule, and a failure later on starts small again.
func TestFollowBackOff(t *testing.T) {
	full := func(seconds ...int) (bounds []span) {
		for _, s := range seconds {
			bounds = append(bounds, span{0, time.Duration(s) * time.Second})
		}
		return bounds
	}
	refused := []span{around(5 * time.Minute), around(10 * time.Minute), around(20 * time.Minute), around(40 * time.Minute), around(refresh), around(refresh)}
	unreachable := full(2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300)
	for name, c := range map[string]struct {
		fault cachetest.Document
		waits []span
	}{
		"status 500":         {cachetest.Document{Status: 500}, unreachable},
		"not found":          {cachetest.Document{Status: 404}, unreachable},
		"refused connection": {cachetest.Document{Fault: cachetest.Refuse}, unreachable},
		"bad bytes":          {cachetest.Document{Body: []byte("not a list")}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				l.origin.Set("/pid", c.fault)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { l.f.Run(ctx); close(done) }()
				time.Sleep(6 * time.Hour)
				gaps := l.gaps("/pid")
				if len(gaps) < len(c.waits) {
					t.Fatalf("%d looks: %v", len(gaps)+1, gaps)
				}
				for i, g := range gaps {
					if want := c.waits[min(i, len(c.waits)-1)]; !want.holds(g) {
						t.Errorf("failure %d: waited %v, want %v", i+1, g, want)
					}
				}
				failed := len(gaps) + 1
				l.serveList(1)
				time.Sleep(5 * refresh)
				gaps = l.gaps("/pid")[failed:]
				if len(gaps) < 2 {
					t.Fatalf("%d looks after recovery", len(gaps))
				}
				for _, g := range gaps {
					if !around(refresh).holds(g) {
						t.Errorf("recovered: waited %v", g)
					}
				}
				if l.store.Absent(artefact.ID{Kind: artefact.LoTE, Name: "pid"}) {
					t.Error("the list was not loaded after recovery")
				}
				l.origin.Set("/pid", c.fault)
				before := len(l.origin.Requests("/pid"))
				time.Sleep(2 * refresh)
				if gaps = l.gaps("/pid")[before:]; len(gaps) == 0 || !c.waits[0].holds(gaps[0]) {
					t.Errorf("a later failure: waited %v", gaps)
				}
				cancel()
				<-done
			})
		})
	}
}

// A node that has a list already, from its disk, and whose origin is down when it
// starts, does not wait for a whole refresh either.
func TestFollowBackOffWhenSeeded(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		b, err := l.LoTE("pid", verifytest.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.store.Admit(artefact.Raw{ID: l.targets[1].ID, Door: artefact.Disk, Bytes: b, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		l.origin.Set("/pid", cachetest.Document{Fault: cachetest.Refuse})
		l.follow(time.Minute)
		gaps := l.gaps("/pid")
		if len(gaps) == 0 {
			t.Fatal("one look in the first minute")
		}
		if gaps[0] > firstRetry {
			t.Errorf("first retry after %v", gaps[0])
		}
	})
}

// A hanging origin holds up its own list alone, and for no longer than a fetch may
// take.
func TestFollowHang(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.origin.Set("/pid", cachetest.Document{Fault: cachetest.Hang})
		l.follow(10 * time.Minute)
		for _, g := range l.gaps("/pid") {
			if g < Timeout || g > Timeout+time.Duration(float64(maxRetry)*(1+Jitter)) {
				t.Errorf("looked after %v", g)
			}
		}
		if r := l.origin.Requests(statusPath); len(r) < 2 || r[0].At.After(l.start.Add(Timeout+time.Second)) {
			t.Errorf("%d looks at the status list", len(r))
		}
	})
}

// After a refusal the next request is not conditional: an origin that mends its
// list without changing its ETag is heard.
func TestFollowRefusedForgetsValidators(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.serveList(5)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go l.f.Run(ctx)
		time.Sleep(time.Minute)
		l.serveList(4)
		time.Sleep(2 * refresh)
		if got := l.outcomes("pid"); got[0] != "ok" || got[1] != "refused" || got[2] != "refused" {
			t.Errorf("outcomes %v", got)
		}
		reqs := l.origin.Requests("/pid")
		if reqs[1].Header.Get("If-None-Match") == "" || reqs[2].Header.Get("If-None-Match") != "" {
			t.Error("conditional after a refusal, or not after a good look")
		}
		cancel()
		synctest.Wait()
	})
}

// Refresh looks at once and says what came of it.
func TestRefresh(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		ctx := t.Context()
		const url = "https://lists.example/pid"
		if _, err := l.f.Refresh(ctx, "https://lists.example/other"); !errors.Is(err, ErrUnknown) {
			t.Errorf("unknown: %v", err)
		}
		if n := len(l.origin.Requests("")); n != 0 {
			t.Errorf("an unknown URL made %d requests", n)
		}
		out, err := l.f.Refresh(ctx, url)
		if err != nil || out.Unchanged || out.List != "pid" || out.Ref.Version != 1 {
			t.Errorf("first: %+v %v", out, err)
		}
		if out, err = l.f.Refresh(ctx, url); err != nil || !out.Unchanged || out.Ref.Version != 1 {
			t.Errorf("again: %+v %v", out, err)
		}
		l.serveList(2)
		if out, err = l.f.Refresh(ctx, url); err != nil || out.Unchanged || out.Ref.Version != 2 {
			t.Errorf("new: %+v %v", out, err)
		}
		l.serveList(1)
		var fe *FetchError
		if _, err = l.f.Refresh(ctx, url); reason.CodeOf(err) != reason.TrustListRollback || errors.As(err, &fe) {
			t.Errorf("rollback: %v", err)
		}
		l.origin.Set("/pid", cachetest.Document{Status: 500})
		if _, err = l.f.Refresh(ctx, url); !errors.As(err, &fe) || reason.CodeOf(err) != "" {
			t.Errorf("status 500: %v", err)
		}
		l.origin.Set("/pid", cachetest.Document{Fault: cachetest.Hang})
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err = l.f.Refresh(short, url); !errors.As(err, &fe) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's deadline: %v", err)
		}
		if out, err = l.f.Refresh(ctx, statusURI); err != nil || out.List != "status" || out.TTL != 5*time.Minute {
			t.Errorf("status list: %+v %v", out, err)
		}
		if got := fmt.Sprint(l.outcomes("pid")); got != "[ok not_modified ok refused failed failed]" {
			t.Errorf("outcomes %s", got)
		}
	})
}

// There is one look at a time at a target; whoever waits for it may give up.
func TestOneLookAtATime(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.origin.Change("/pid", func(d *cachetest.Document) { d.Delay = 10 * time.Second })
		const url = "https://lists.example/pid"
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := l.f.Refresh(t.Context(), url); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.f.Refresh(ctx, url); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		// Another target is not held up.
		if _, err := l.f.Refresh(t.Context(), statusURI); reason.CodeOf(err) != reason.StatusSignerUntrusted || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		wg.Wait()
		if most := l.origin.MostAtOnce(); most != 1 {
			t.Errorf("%d looks at once", most)
		}
		if took := time.Since(l.start); took != 50*time.Second {
			t.Errorf("five looks took %v", took)
		}
	})
}

// A status list's URI never reaches a log, whatever becomes of it.
func TestLogsNameNoStatusList(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go l.f.Run(ctx)
		for _, d := range []cachetest.Document{
			{Status: 500}, {Status: 404}, {Fault: cachetest.Refuse}, {Fault: cachetest.Hang}, {Fault: cachetest.Loop}, {Fault: cachetest.Endless},
			{Body: []byte("x"), Fault: cachetest.Cut}, {Body: []byte("not a token")},
			{Fault: cachetest.Redirect, Location: "http://status.example" + statusPath},
		} {
			time.Sleep(10 * time.Minute)
			l.origin.Set(statusPath, d)
		}
		time.Sleep(10 * time.Minute)
		l.serveStatus(verifytest.TokenOptions{Subject: statusURI + "x"})
		time.Sleep(10 * time.Minute)
		cancel()
		synctest.Wait()
		got := fmt.Sprint(l.outcomes(statusURI))
		for _, want := range []string{"ok", "refused", "failed", "not_modified"} {
			if !strings.Contains(got, want) {
				t.Errorf("no look came out as %s: %s", want, got)
			}
		}
		log := l.log.String()
		for _, no := range []string{statusURI, statusPath, "status/de"} {
			if i := strings.Index(log, no); i >= 0 {
				t.Errorf("the log holds %q: %s", no, log[max(0, i-200):min(len(log), i+100)])
			}
		}
		failed := l.store.failed[artefact.ID{Kind: artefact.Status, Name: statusURI}]
		if len(failed) < 10 {
			t.Errorf("the store was told of %d failures", len(failed))
		}
		for _, err := range failed {
			if strings.Contains(err.Error(), "status/de") {
				t.Errorf("the store was told of %v", err)
			}
		}
		if !strings.Contains(log, "list not fetched") || !strings.Contains(log, "artefact refused") {
			t.Error("the failures were not logged")
		}
	})
}

// Follow ends with its context, also in the middle of a look.
func TestFollowEnds(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.origin.Set("/pid", cachetest.Document{Fault: cachetest.Hang})
		start := time.Now()
		l.follow(5 * time.Second)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("ended after %v", took)
		}
		if log := l.log.String(); strings.Contains(log, "list not fetched") {
			t.Errorf("a look that was ended was logged as a failure: %s", log)
		}
	})
}
