package origin

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
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
	store  *cache.Store
	f      *Follower
	start  time.Time
	status *verifytest.StatusList

	mu   sync.Mutex
	seen map[string][]string // by path: what came of the looks
	log  bytes.Buffer
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
		l.store = cache.New(cache.Options{
			UnsafeTestAnchors: true, Logger: logger, Status: []string{statusURI},
			Sources: []cache.Source{{Name: "pid", Type: artefact.LoTE, Profile: "pid", URL: "https://lists.example/pid", Signers: []*x509.Certificate{w.Operator.Cert}, Refresh: refresh}},
		}, time.Now())
		l.status = w.PID("DE").NewStatusList(statusURI, 2, 1024)
		l.f = &Follower{Store: l.store, Fetcher: socketless(l.origin), Logger: logger, Observe: l.observe, Targets: []Followed{
			{ // before the trust list, which is looked at first all the same
				ID: artefact.ID{Kind: artefact.Status, Name: statusURI}, Door: artefact.Origin, Target: Target{URL: statusURI, Max: cache.MaxStatus},
				Next: func(o cache.Outcome) time.Duration { return min(max(o.TTL, refreshMin), refreshMax) },
			},
			{
				ID: artefact.ID{Kind: artefact.LoTE, Name: "pid"}, Door: artefact.Origin, Target: Target{URL: "https://lists.example/pid", Max: cache.MaxList},
				Next: func(cache.Outcome) time.Duration { return refresh },
			},
		}}
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

// about wants a gap to be d, give or take the jitter.
func (l *lab) about(what string, got, d time.Duration) {
	l.t.Helper()
	const slack = time.Microsecond
	if low, high := time.Duration(float64(d)*(1-Jitter)), time.Duration(float64(d)*(1+Jitter)); got < low-slack || got > high+slack {
		l.t.Errorf("%s: waited %v, want %v to %v", what, got, low, high)
	}
}

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
			l.about("schedule", g, refresh)
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
				l.about("ttl "+ttl.String(), g, want)
			}
		})
	}
}

// A target that fails is asked again after a second, then less and less often but
// at least every five minutes; once it is back it is on its schedule.
func TestFollowBackOff(t *testing.T) {
	for name, fault := range map[string]cachetest.Document{
		"status 500": {Status: 500}, "not found": {Status: 404}, "refused connection": {Fault: cachetest.Refuse}, "bad bytes": {Body: []byte("not a list")},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				l.origin.Set("/pid", fault)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { l.f.Run(ctx); close(done) }()
				time.Sleep(time.Hour)
				wants := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}
				gaps := l.gaps("/pid")
				if len(gaps) < len(wants) {
					t.Fatalf("%d looks in an hour: %v", len(gaps)+1, gaps)
				}
				for i, want := range wants {
					l.about(fmt.Sprintf("failure %d", i+1), gaps[i], want*time.Second)
				}
				for _, g := range gaps[len(wants):] {
					l.about("later", g, maxRetry)
				}
				failed := len(l.gaps("/pid")) + 1
				l.serveList(1)
				time.Sleep(5 * refresh)
				gaps = l.gaps("/pid")[failed:]
				if len(gaps) < 3 {
					t.Fatalf("%d looks after recovery", len(gaps))
				}
				for _, g := range gaps {
					l.about("recovered", g, refresh)
				}
				if l.store.Absent(artefact.ID{Kind: artefact.LoTE, Name: "pid"}) {
					t.Error("the list was not loaded after recovery")
				}
				// A failure later on starts small again.
				l.origin.Set("/pid", fault)
				before := len(l.origin.Requests("/pid"))
				time.Sleep(2 * refresh)
				if gaps = l.gaps("/pid")[before:]; len(gaps) == 0 {
					t.Fatal("no look after a later failure")
				}
				l.about("a later failure", gaps[0], firstRetry)
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
		if _, err := l.store.Admit(artefact.Raw{ID: l.f.Targets[1].ID, Door: artefact.Disk, Bytes: b, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		l.origin.Set("/pid", cachetest.Document{Fault: cachetest.Refuse})
		l.follow(time.Minute)
		gaps := l.gaps("/pid")
		if len(gaps) == 0 {
			t.Fatal("one look in the first minute")
		}
		l.about("first retry", gaps[0], firstRetry)
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
