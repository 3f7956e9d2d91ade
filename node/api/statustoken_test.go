package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const tokenURI = "https://status.example/lists/1?a=b&c=d+e"

func tokenPath(uri string) string { return "/v1/status-lists?uri=" + url.QueryEscape(uri) }

// holding is a fake that holds lists of every form: in JWT and CWT, and in CWT alone.
func holding(t StatusToken) fake {
	jwt, cwt, identifiers := t, t, t
	jwt.Bytes, jwt.MediaType = []byte("e30.e30.c2ln"), StatusListJWT
	cwt.Bytes, cwt.MediaType = []byte("\xd2\x84CWT"), StatusListCWT
	identifiers.Bytes, identifiers.MediaType = []byte("\xd2\x84IDS"), IdentifierListCWT
	return fake{tokens: map[string][]StatusToken{tokenURI: {jwt, cwt}, "https://status.example/ids": {identifiers}}}
}

func fresh() StatusToken {
	now := time.Now()
	return StatusToken{Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour), Received: now.Add(-10 * time.Second), TTL: time.Minute}
}

func TestStatusTokenAsReceived(t *testing.T) {
	f := holding(fresh())
	h := newHandler(t, f)
	for uri, held := range f.tokens {
		for _, token := range held {
			path := tokenPath(uri)
			w := call(t, h, get(path, "Accept", token.MediaType))
			header := w.Header()
			sum := sha256.Sum256(token.Bytes)
			tag := `"` + hex.EncodeToString(sum[:]) + `"`
			if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), token.Bytes) || header.Get("Content-Type") != token.MediaType || header.Get("ETag") != tag {
				t.Errorf("%s: %d %q %v", token.MediaType, w.Code, w.Body, header)
			}
			if header.Get("Cache-Control") != "public, max-age=60" || !slices.Contains([]string{"10", "11"}, header.Get("Age")) ||
				!slices.Equal(header.Values("Vary"), []string{"Accept"}) || header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", token.MediaType, header)
			}
			head := call(t, h, with(httptest.NewRequest(http.MethodHead, "https://localhost"+path, nil), "Accept", token.MediaType))
			if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != header.Get("Content-Length") || head.Header().Get("ETag") != tag {
				t.Errorf("%s: HEAD: %d %v", token.MediaType, head.Code, head.Header())
			}
			for _, mine := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				w := call(t, h, get(path, "Accept", token.MediaType, "If-None-Match", mine))
				if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
					t.Errorf("%s with %s: %d", token.MediaType, mine, w.Code)
				}
				for _, name := range []string{"ETag", "Cache-Control", "Vary"} {
					if w.Header().Get(name) != header.Get(name) {
						t.Errorf("%s with %s: %s is %q", token.MediaType, mine, name, w.Header().Get(name))
					}
				}
				if w.Header().Get("Age") == "" {
					t.Errorf("%s with %s: no Age", token.MediaType, mine)
				}
			}
		}
	}
}

func TestStatusTokenRanges(t *testing.T) {
	h := newHandler(t, holding(fresh()))
	w := call(t, h, get(tokenPath(tokenURI), "Range", "bytes=4-6"))
	if w.Code != 206 || w.Body.String() != "e30" || w.Header().Get("Content-Range") != "bytes 4-6/12" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	w = call(t, h, get(tokenPath(tokenURI), "Range", "bytes=12-"))
	want(t, w, RangeNotSatisfiable, "")
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Age")+w.Header().Get("Cache-Status") != "" || !slices.Equal(w.Header().Values("Vary"), []string{"Accept"}) {
		t.Errorf("the problem has headers of the token: %v", w.Header())
	}
}

// Which form is given: the one that is preferred among those held.
func TestStatusTokenForms(t *testing.T) {
	h := newHandler(t, holding(fresh()))
	for _, c := range []struct{ accept, media string }{
		{"", StatusListJWT},
		{"*/*", StatusListJWT},
		{"application/*", StatusListJWT},
		{StatusListJWT, StatusListJWT},
		{StatusListCWT, StatusListCWT},
		{"Application/StatusList+CWT", StatusListCWT},
		{StatusListCWT + ", */*;q=0.1", StatusListCWT},
		{StatusListCWT + ";q=0.5, " + StatusListJWT + ";q=0.4", StatusListCWT},
		{StatusListCWT + ";q=0.4, " + StatusListJWT + ";q=0.5", StatusListJWT},
		{StatusListJWT + ";q=0, */*", StatusListCWT},
		{"application/*;q=0.2, " + StatusListJWT + ";q=0.1", StatusListCWT},
		{IdentifierListCWT + ", " + StatusListCWT + ";q=0.9", StatusListCWT},
		{"text/html, application/json, */*;q=0.8", StatusListJWT},
		{StatusListJWT + ";q=0, " + StatusListCWT + ";q=0", ""},
		{IdentifierListCWT, ""},
		{"application/json", ""},
		{"text/*", ""},
		{"*/*;q=0", ""},
	} {
		var header []string
		if c.accept != "" {
			header = []string{"Accept", c.accept}
		}
		w := call(t, h, get(tokenPath(tokenURI), header...))
		if c.media == "" {
			want(t, w, NotAcceptable, "")
		} else if w.Code != 200 || w.Header().Get("Content-Type") != c.media {
			t.Errorf("Accept %q: %d %s, want %s", c.accept, w.Code, w.Header().Get("Content-Type"), c.media)
		}
		// What is not held is not held in any form.
		want(t, call(t, h, get(tokenPath("https://status.example/2"), header...)), NotFound, "")
	}
}

// One second before and after each limit, by what the token says of itself.
func TestStatusTokenLifetime(t *testing.T) {
	received := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return received.Add(d) }
	for _, c := range []struct {
		what        string
		token       StatusToken
		after       time.Duration
		maxAge, age int64
	}{
		{"its ttl", StatusToken{Expires: at(time.Hour), TTL: time.Minute}, 0, 60, 0},
		{"begun seconds count", StatusToken{Expires: at(time.Hour), TTL: time.Minute}, time.Millisecond, 60, 1},
		{"a ttl beyond exp", StatusToken{Expires: at(time.Minute), TTL: time.Hour}, 59 * time.Second, 60, 59},
		{"no ttl", StatusToken{Expires: at(time.Hour)}, 0, 3600, 0},
		{"no ttl, exp in a month", StatusToken{Expires: at(30 * statusDay)}, 0, 86400, 0},
		{"a ttl of a month", StatusToken{Expires: at(60 * statusDay), TTL: 30 * statusDay}, 0, 30 * 86400, 0},
		{"neither", StatusToken{Issued: at(-time.Hour)}, 0, 23 * 3600, 0},
		{"no exp", StatusToken{Issued: at(-23 * time.Hour), TTL: 2 * time.Hour}, 0, 3600, 0},
		{"received when it had expired", StatusToken{Expires: at(-time.Second), TTL: time.Minute}, 0, 0, 0},
		{"a fraction of a second", StatusToken{Expires: at(time.Hour), TTL: 999 * time.Millisecond}, 0, 0, 0},
		{"a clock that went back", StatusToken{Expires: at(time.Hour), TTL: time.Minute}, -time.Hour, 60, 0},
		{"long over", StatusToken{Expires: at(time.Hour), TTL: time.Minute}, statusDay, 60, 86400},
	} {
		c.token.Received = received
		if maxAge, age := c.token.lifetime(at(c.after)); maxAge != c.maxAge || age != c.age {
			t.Errorf("%s: max-age %d, age %d, want %d and %d", c.what, maxAge, age, c.maxAge, c.age)
		}
	}
	// Nobody knows when it came: it is as old as its issue.
	unknown := StatusToken{Issued: received, TTL: time.Hour, Expires: at(2 * time.Hour)}
	if maxAge, age := unknown.lifetime(at(time.Minute)); maxAge != 3600 || age != 60 {
		t.Errorf("max-age %d, age %d", maxAge, age)
	}
	if maxAge, _ := (StatusToken{}).lifetime(received); maxAge != 86400 {
		t.Errorf("max-age %d", maxAge)
	}
}

func TestStatusTokenThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		token := StatusToken{Issued: now, Expires: now.Add(10 * time.Minute), Received: now, TTL: time.Minute}
		h := newHandler(t, holding(token))
		for _, c := range []struct {
			at      time.Duration
			age     string
			control string
		}{
			{0, "0", "public, max-age=60"}, {59 * time.Second, "59", "public, max-age=60"}, {60 * time.Second, "60", "no-cache"},
			{61 * time.Second, "61", "no-cache"}, {601 * time.Second, "601", "no-cache"},
		} {
			time.Sleep(time.Until(now.Add(c.at)))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, get(tokenPath(tokenURI)))
			left := strconv.Itoa(60 - int(c.at/time.Second))
			if w.Code != 200 || w.Header().Get("Age") != c.age || w.Header().Get("Cache-Status") != "edgenode; hit; ttl="+left || w.Header().Get("Cache-Control") != c.control {
				t.Errorf("after %s: %d %v", c.at, w.Code, w.Header())
			}
		}
	})
}

func TestStatusTokenQueries(t *testing.T) {
	h := newHandler(t, holding(fresh()))
	for query, says := range map[string]string{
		"": "uri is needed", "?uri=": "uri is needed", "?uri": "uri is needed", "?URI=CANARY": "unknown query parameter",
		"?uri=CANARY&uri=CANARY": "twice", "?uri=CANARY&idx=1": "unknown query parameter", "?uri=%zz": "malformed", "?uri=a;b": "malformed",
		"?uri=CANARY&time=1750000000": "historical lists are not supported", "?time=CANARY": "historical lists are not supported",
		"?uri=CANARY" + strings.Repeat("x", maxURI-5): "longer than 2048",
	} {
		p := want(t, call(t, h, get("/v1/status-lists"+query)), MalformedRequest, "")
		if !strings.Contains(p.Detail, says) || strings.Contains(p.Detail, "CANARY") {
			t.Errorf("%.40s: %s", query, p.Detail)
		}
	}
	for _, uri := range []string{"CANARY", tokenURI + "/", strings.Repeat("x", maxURI), "\x00\xff"} {
		p := want(t, call(t, h, get(tokenPath(uri))), NotFound, "")
		if p.Detail != "this node holds no such list; it fetches none because somebody asks" {
			t.Errorf("%s", p.Detail)
		}
	}
	want(t, call(t, h, post(tokenPath(tokenURI), nil)), MethodNotAllowed, "")
}

func TestStatusTokenIsObservedWithoutItsAddress(t *testing.T) {
	var seen []Observation
	h := newHandler(t, holding(fresh()), func(o *Options) { o.Observe = func(x Observation) { seen = append(seen, x) } })
	call(t, h, get(tokenPath(tokenURI)))
	call(t, h, get(tokenPath("https://status.example/2")))
	call(t, h, get(tokenPath(tokenURI), "Accept", "text/html"))
	for i, status := range []int{200, 404, 406} {
		if seen[i].Endpoint != "status_lists" || seen[i].Status != status || (seen[i].Problem != "") != (status != 200) {
			t.Errorf("%+v", seen[i])
		}
	}
}
