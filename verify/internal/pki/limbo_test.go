package pki

import (
	"compress/gzip"
	"encoding/asn1"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limboCase is the part of an x509-limbo case that is read here.
type limboCase struct {
	ID            string   `json:"id"`
	Trusted       []string `json:"trusted_certs"`
	Intermediates []string `json:"untrusted_intermediates"`
	Peer          string   `json:"peer_certificate"`
	Time          string   `json:"validation_time"`
	EKU           []string `json:"extended_key_usage"`
	Expected      string   `json:"expected_result"`
}

// limboDiffers lists every rfc5280:: case whose outcome here is not the suite's,
// with the reason. The first group is stricter, the second laxer.
var limboDiffers = map[string]string{
	"rfc5280::nc::permitted-dns-match":                 noConstraints,
	"rfc5280::nc::permitted-dns-match-more":            noConstraints,
	"rfc5280::nc::permitted-ipv4-match":                noConstraints,
	"rfc5280::nc::permitted-ipv6-match":                noConstraints,
	"rfc5280::nc::permitted-dn-match":                  noConstraints,
	"rfc5280::nc::permitted-self-issued":               noConstraints,
	"rfc5280::nc::permitted-different-constraint-type": noConstraints,
	"rfc5280::nc::excluded-different-constraint-type":  noConstraints,

	"rfc5280::aki::leaf-missing-aki":               "key identifiers only help to choose an issuer (RFC 5280 section 6.1 does not read them); compared where both are there",
	"rfc5280::aki::intermediate-missing-aki":       "as leaf-missing-aki",
	"rfc5280::aki::cross-signed-root-missing-aki":  "as leaf-missing-aki; the suite calls it pedantic",
	"rfc5280::ski::root-missing-ski":               "as leaf-missing-aki",
	"rfc5280::ski::intermediate-missing-ski":       "as leaf-missing-aki",
	"rfc5280::san::noncritical-with-empty-subject": "no check of ours reads the subject alternative name in place of a subject",
	"rfc5280::root-non-critical-basic-constraints": "the anchor's constraints are honoured, whether or not they are marked critical",
}

const noConstraints = "name constraints are not processed, so a certificate that has them is refused: ISO/IEC 18013-5 Annex B forbids them"

func TestLimbo(t *testing.T) {
	ran, differed := 0, 0
	for _, c := range limboCases(t) {
		if !strings.HasPrefix(c.ID, "rfc5280::") {
			continue
		}
		ran++
		t.Run(c.ID, func(t *testing.T) {
			err := runLimbo(t, c)
			agrees := (err == nil) == (c.Expected == "SUCCESS")
			why, listed := limboDiffers[c.ID]
			if listed {
				differed++
			}
			switch {
			case !agrees && !listed:
				t.Errorf("got %v, the suite expects %s", err, c.Expected)
			case agrees && listed:
				t.Errorf("agrees with the suite now; the table says: %s", why)
			}
		})
	}
	if ran != 69 || differed != len(limboDiffers) {
		t.Errorf("%d cases of 69, %d of %d listed differences", ran, differed, len(limboDiffers))
	}
}

// runLimbo puts a case through the entry points. The suite hands intermediates
// over in no particular order; those that expect success have at most one.
func runLimbo(t *testing.T, c limboCase) error {
	t.Helper()
	now := time.Date(2023, 12, 15, 0, 0, 0, 0, time.UTC)
	if c.Time != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, c.Time); err != nil {
			t.Fatal(err)
		}
	}
	ders := [][]byte{der(t, c.Peer)}
	for _, p := range c.Intermediates {
		ders = append(ders, der(t, p))
	}
	chain, err := ParseChain(ders)
	if err != nil {
		return err
	}
	anchor, err := Parse(der(t, c.Trusted[0]))
	if err != nil {
		return err
	}
	p := Profile{Name: "limbo"}
	if len(c.EKU) > 0 {
		p.RequireEKU = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}} // serverAuth
	}
	if _, err := p.Check(chain); err != nil {
		return err
	}
	return BuildPath(chain, anchor, now)
}

func limboCases(t *testing.T) []limboCase {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors(t), "x509-limbo-2023-12.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Cases []limboCase `json:"testcases"`
	}
	if err := json.NewDecoder(z).Decode(&suite); err != nil {
		t.Fatal(err)
	}
	return suite.Cases
}
