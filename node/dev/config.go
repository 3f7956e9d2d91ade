package dev

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// writeConfig writes the node's configuration and the files it names into the
// folder, as an operator would, and loads it.
func (d *demo) writeConfig() (*config.Config, error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	d.token = hex.EncodeToString(random[:])
	files := map[string][]byte{
		"list-signer.pem": d.world.Operator.PEM(),
		"vical-root.pem":  d.world.VICALRoot().PEM(),
		"eaa-ca.pem":      d.world.EAA().Bundle(),
		"admin.token":     []byte(d.token + "\n"),
		"edgenode.yaml":   []byte(d.yaml()),
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(d.o.Dir, name), b, 0o600); err != nil {
			return nil, err
		}
	}
	return config.Load(filepath.Join(d.o.Dir, "edgenode.yaml"))
}

func (d *demo) yaml() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# The demonstration's configuration. Its issuers end with its process.")
	line("version: 1")
	line("name: dev")
	line("public: {listen: %q}", d.o.Listen)
	line("admin: {listen: %q, token_file: admin.token}", d.o.Admin)
	line("trust:")
	line("  soak: 0s")
	line("  sources:")
	for _, p := range verifytest.Profiles() {
		line("    - {name: %s-list, type: lote, profile: %s, url: %q, signers: [list-signer.pem], refresh: 10s, required: true, allow_insecure: true}",
			p, p, d.origin.url+"/lists/"+p)
	}
	line("    - {name: eu-lotl, type: lotl, url: %q, oj: %q, signers: [list-signer.pem], refresh: 10s, national_refresh: 10s, required: true, allow_insecure: true}",
		d.world.LOTLURL(), verifytest.OfficialJournal)
	line("    - {name: us-vical, type: vical, url: %q, signers: [vical-root.pem], refresh: 10s, required: true, allow_insecure: true}", d.origin.url+vicalPath)
	eaa := d.world.EAA()
	types, _ := json.Marshal(eaa.Types)
	line("    - {name: eaa-bundle, type: anchors, url: \"file:eaa-ca.pem\", kind: eaa, purposes: [issuance, revocation], territory: %s, types: %s}", eaa.Territory, types)
	line("  kinds:")
	for _, typ := range eaa.Types {
		line("    %q: eaa", typ)
	}
	line("    %q: pubeaa", verifytest.TypeResidence)
	line("    %q: qeaa", verifytest.TypeDiploma)
	line("status:")
	uris, _ := json.Marshal(append(d.statusURIs(), d.identifierURIs()...))
	line("  prefetch: %s", uris)
	line("  refresh: {min: 5s, max: 1m}")
	line("  allow_hosts: [%q]", d.origin.host)
	line("  allow_insecure: true")
	return b.String()
}

// statusURIs are the status lists of issuers whose anchors count.
func (d *demo) statusURIs() (uris []string) {
	for _, uri := range append(d.world.StatusURIs(d.origin.url), d.world.ListedStatusURIs(d.origin.url)...) {
		if !strings.Contains(uri, d.world.Withdrawn().ID) {
			uris = append(uris, uri)
		}
	}
	return uris
}

// identifierURIs are the identifier lists of those who issue mdocs.
func (d *demo) identifierURIs() []string { return d.world.IdentifierURIs(d.origin.url) }
