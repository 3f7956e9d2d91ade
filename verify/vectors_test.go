package verify_test

import (
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vector is a file made by others, as it comes out of the product as a whole: of
// Verify over a store that holds the anchors given, or of the store's door.
type vector struct {
	file      string
	at        string   // the clock
	anchors   []string // PEM files; "x5c": the certificate presented, pinned; none: no anchor
	kind      trustlist.Kind
	types     []string
	territory string                                         // of the anchors; "": the certificates'
	request   func(t *testing.T, v *vectors) *verify.Request // nil: an SD-JWT, without key binding asked for
	change    func(*verify.Request)
	admit     func(t *testing.T, v *vectors) error // a status token

	readme string // valid, reject, or "": it does not say
	want   string // codes of all documents, "": valid
	why    string // why it is not what the README expects
}

// vectors is a vector with the folder it stands in.
type vectors struct {
	vector
	dir   string
	store *cache.Store
	now   time.Time
}

func (v *vectors) read(t testing.TB, file string) []byte {
	t.Helper()
	return must(os.ReadFile(filepath.Join(v.dir, file)))(t)
}

func (v *vectors) hex(t testing.TB, file string) []byte {
	t.Helper()
	return must(hex.DecodeString(strings.TrimSpace(string(v.read(t, file)))))(t)
}

func (v *vectors) json(t testing.TB, file string, out any) {
	t.Helper()
	if err := json.Unmarshal(v.read(t, file), out); err != nil {
		t.Fatal(err)
	}
}

// bundle is the PEM file of a vector's anchors.
func (v *vectors) bundle(t testing.TB, req *verify.Request) []byte {
	t.Helper()
	var out []byte
	for _, name := range v.anchors {
		if name != "x5c" {
			out = append(append(out, v.read(t, name)...), '\n')
			continue
		}
		for _, der := range leaves(t, req) {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
	}
	return out
}

// open makes the store at the vector's clock.
func (v *vectors) open(t testing.TB, req *verify.Request, status string) {
	t.Helper()
	v.now = must(time.Parse(time.RFC3339, v.at))(t)
	src := cache.Source{
		Name: "vector", Type: artefact.Anchors, URL: "file:vector.pem", Kind: v.kind, Types: v.types, Territory: v.territory,
		Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation},
	}
	v.store = cache.New(cache.Options{Sources: []cache.Source{src}, Status: []string{status}}, v.now)
	b := v.bundle(t, req)
	if b == nil {
		// Somebody else's anchor: the list is there and does not name the issuer.
		b = must(verifytest.New(v.now))(t).Stranger().CA.PEM()
	}
	raw := artefact.Raw{ID: artefact.ID{Kind: artefact.Anchors, Name: "vector"}, Door: artefact.File, Bytes: b, At: v.now}
	if _, err := v.store.Admit(raw); err != nil {
		t.Fatalf("the anchors: %v", err)
	}
}

func (v *vectors) run(t *testing.T) (verify.Verdict, string) {
	if v.admit != nil {
		return verify.Indeterminate, string(reason.CodeOf(v.admit(t, v)))
	}
	build := v.request
	if build == nil {
		build = sdjwtFile
	}
	req := build(t, v)
	if v.change != nil {
		v.change(req)
	}
	v.open(t, req, "https://status.example")
	res := must(verify.New(verify.Options{}))(t).Verify(v.store.View(), req, v.now)
	assertSettled(t, res)
	var list []string
	for _, c := range res.Credentials {
		code := "valid"
		if len(c.Reasons) > 0 {
			code = string(c.Reasons[0].Code)
		}
		list = append(list, code)
	}
	for _, r := range res.Reasons {
		list = append(list, string(r.Code))
	}
	got := strings.Join(list, " ")
	if got == "valid" {
		got = ""
	}
	return res.Verdict, got
}

// vectorRequest is one that asks for as little as the row allows: no binding, no
// status. Rows change that.
func vectorRequest(v *vectors, raw string) *verify.Request {
	req := &verify.Request{
		VPToken: map[string][]string{queryID: {raw}}, Flow: verify.FlowRedirect, Policy: verify.DefaultPolicy(),
		Expect: map[string]verify.Expect{queryID: {Kind: v.kind, Types: v.types}},
	}
	req.Policy.HolderBinding, req.Policy.Status = verify.Skip, verify.Skip
	return req
}

// leaves are the certificates that the presentations name as their signers.
func leaves(t testing.TB, req *verify.Request) (ders [][]byte) {
	t.Helper()
	for _, list := range req.VPToken {
		for _, raw := range list {
			ders = append(ders, leavesOf(t, raw)...)
		}
	}
	return ders
}

// TestVectors: every file of three topics, through the API of the product.
func TestVectors(t *testing.T) {
	root := vectortest.Dir(t, "")
	for _, topic := range []struct {
		name string
		rows []vector
		rest map[string]string // files that are no case of their own, and what they are
	}{
		{"sdjwt", sdjwtVectors, sdjwtInputs}, {"mdoc", mdocVectors, mdocInputs}, {"statuslist", statusVectors, statusInputs},
	} {
		t.Run(topic.name, func(t *testing.T) {
			covered := make(map[string]bool)
			expected, differ := 0, 0
			for _, row := range topic.rows {
				covered[row.file] = true
				v := &vectors{vector: row, dir: filepath.Join(root, topic.name)}
				verdict, got := v.run(t)
				if got != row.want {
					t.Errorf("%s at %s: %s %q, want %q", row.file, row.at, verdict, got, row.want)
					continue
				}
				as := (row.readme == "valid") == (verdict == verify.Valid) || row.readme == ""
				switch {
				case as && row.why == "":
					expected++
				case row.why == "":
					t.Errorf("%s at %s: %s where its README says %s, and no reason why", row.file, row.at, verdict, row.readme)
				default:
					differ++
				}
			}
			var index []struct{ File string }
			b := must(os.ReadFile(filepath.Join(root, topic.name, "index.json")))(t)
			if err := json.Unmarshal(b, &index); err != nil {
				t.Fatal(err)
			}
			for _, f := range index {
				if _, ok := topic.rest[f.File]; ok == covered[f.File] {
					t.Errorf("%s is no case, or both a case and an input", f.File)
				}
			}
			t.Logf("vectors %s: %d files, %d cases, %d as expected, %d differ with reason", topic.name, len(index), len(topic.rows), expected, differ)
		})
	}
}
