package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func artefactPath(b []byte) string {
	sum := sha256.Sum256(b)
	return "/v1/artefacts/" + hex.EncodeToString(sum[:])
}

func TestArtefactAsReceived(t *testing.T) {
	for kind, media := range map[string]string{
		"lotl": "application/vnd.etsi.tsl+xml", "tl": "application/vnd.etsi.tsl+xml", "pivot": "application/vnd.etsi.tsl+xml",
		"lote": "application/jose", "vical": "application/cose",
	} {
		body := []byte("\xef\xbb\xbf<not\x00 touched>\r\n " + kind)
		h := newHandler(t, fake{artefacts: []Artefact{{kind, body}}})
		path := artefactPath(body)
		w := call(t, h, get(path))
		header := w.Header()
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), body) || header.Get("Content-Type") != media {
			t.Errorf("%s: %d %q %s", kind, w.Code, w.Body, header)
		}
		tag := `"` + strings.TrimPrefix(path, "/v1/artefacts/") + `"`
		if header.Get("ETag") != tag || header.Get("Cache-Control") != "public, max-age=31536000, immutable" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", kind, header)
		}
		head := call(t, h, with(httptest.NewRequest(http.MethodHead, "https://localhost"+path, nil)))
		if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != header.Get("Content-Length") || head.Header().Get("ETag") != tag {
			t.Errorf("%s: HEAD: %d %v", kind, head.Code, head.Header())
		}
		for _, held := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			w := call(t, h, get(path, "If-None-Match", held))
			if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
				t.Errorf("%s with %s: %d", kind, held, w.Code)
			}
		}
	}
}

func TestArtefactRanges(t *testing.T) {
	body := []byte("0123456789")
	h := newHandler(t, fake{artefacts: []Artefact{{"lote", body}}})
	path := artefactPath(body)
	for _, c := range []struct {
		header []string
		status int
		body   string
	}{
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=7-"}, 206, "789"},
		{[]string{"Range", "bytes=-1"}, 206, "9"},
		{[]string{"Range", "bytes=9-9"}, 206, "9"},
		{[]string{"Range", "bytes=2-4", "If-Range", `"other"`}, 200, "0123456789"},
		{nil, 200, "0123456789"},
	} {
		w := call(t, h, get(path, c.header...))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v: %d %q", c.header, w.Code, w.Body)
		}
	}
	for _, beyond := range []string{"bytes=10-", "bytes=10-12", "bytes=x", "bytes=3-2"} {
		w := call(t, h, get(path, "Range", beyond))
		want(t, w, RangeNotSatisfiable, "")
		if beyond == "bytes=10-" && w.Header().Get("Content-Range") != "bytes */10" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", beyond, w.Header())
		}
	}
}

func TestArtefactNames(t *testing.T) {
	body := []byte("held")
	h := newHandler(t, fake{artefacts: []Artefact{{"lote", body}}})
	name := strings.TrimPrefix(artefactPath(body), "/v1/artefacts/")
	for _, bad := range []string{
		name[1:], name + "0", strings.ToUpper(name), "0x" + name[2:], name[:63] + "g", strings.Repeat("%00", 64), name + "/", "CANARY", strings.Repeat("ä", 32),
	} {
		p := want(t, call(t, h, get("/v1/artefacts/"+bad)), MalformedRequest, "")
		if strings.Contains(p.Detail, "CANARY") {
			t.Errorf("quoted: %s", p.Detail)
		}
	}
	want(t, call(t, h, get("/v1/artefacts/"+hex64)), NotFound, "")
	want(t, call(t, h, get("/v1/artefacts/")), NotFound, "")
	want(t, call(t, h, get("/v1/artefacts")), NotFound, "")
}

func TestArtefactIsObserved(t *testing.T) {
	body := []byte("0123456789")
	var seen []Observation
	h := newHandler(t, fake{artefacts: []Artefact{{"lote", body}}}, func(o *Options) { o.Observe = func(x Observation) { seen = append(seen, x) } })
	call(t, h, get(artefactPath(body)))
	call(t, h, get(artefactPath(body), "If-None-Match", "*"))
	call(t, h, get(artefactPath(body), "Range", "bytes=10-"))
	for i, status := range []int{200, 304, 416} {
		if seen[i].Endpoint != "artefacts" || seen[i].Status != status || (seen[i].Problem != "") != (status == 416) {
			t.Errorf("%+v", seen[i])
		}
	}
}
