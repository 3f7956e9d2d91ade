package dev

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// writeShared writes the files that all nodes need into the folder, as an operator would.
func (d *demo) writeShared() error {
	var random [16 + 32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	d.token = hex.EncodeToString(random[:16])
	for name, b := range map[string][]byte{
		"list-signer.pem": d.world.Operator.PEM(),
		"vical-root.pem":  d.world.VICALRoot().PEM(),
		"eaa-ca.pem":      d.world.EAA().Bundle(),
		"admin.token":     []byte(d.token + "\n"),
		"gossip.key":      []byte(base64.StdEncoding.EncodeToString(random[16:]) + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(d.o.Dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeConfig writes a node's configuration and its certificate into a folder of its
// own, and loads it.
func (d *demo) writeConfig(i int) (*config.Config, error) {
	dir := filepath.Join(d.o.Dir, nodeName(i))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.ca.Write(dir, nodeName(i), identitytest.Issue{}); err != nil {
		return nil, fmt.Errorf("failed to make a node's certificate: %w", err)
	}
	path := filepath.Join(dir, "edgenode.yaml")
	if err := os.WriteFile(path, []byte(d.yaml(i)), 0o600); err != nil {
		return nil, err
	}
	return config.Load(path)
}

// nodeName is that of the i-th node, and of its folder.
func nodeName(i int) string { return fmt.Sprintf("node-%d", i+1) }

func (d *demo) yaml(i int) string {
	listen, admin := "127.0.0.1:0", "127.0.0.1:0"
	if i == 0 {
		listen, admin = d.o.Listen, d.o.Admin
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# The demonstration's configuration. Its issuers end with its process.")
	line("version: 1")
	line("name: %s", nodeName(i))
	line("public: {listen: %q}", listen)
	line("admin: {listen: %q, token_file: ../admin.token}", admin)
	line("gossip:")
	line("  listen: \"127.0.0.1:0\"")
	line("  transfer: \"127.0.0.1:0\"")
	if i > 0 {
		line("  join: [%q]", d.nodes[0].GossipAddr())
	}
	line("  key_file: ../gossip.key")
	line("  tls: {cert: node.crt, key: node.key, ca: ca.pem}")
	line("trust:")
	line("  soak: 0s")
	line("  sources:")
	for _, p := range verifytest.Profiles() {
		line("    - {name: %s-list, type: lote, profile: %s, url: %q, signers: [../list-signer.pem], refresh: 10s, required: true, allow_insecure: true}",
			p, p, d.origin.url+"/lists/"+p)
	}
	line("    - {name: eu-lotl, type: lotl, url: %q, oj: %q, signers: [../list-signer.pem], refresh: 10s, national_refresh: 10s, required: true, allow_insecure: true}",
		d.world.LOTLURL(), verifytest.OfficialJournal)
	line("    - {name: us-vical, type: vical, url: %q, signers: [../vical-root.pem], refresh: 10s, required: true, allow_insecure: true}", d.origin.url+vicalPath)
	eaa := d.world.EAA()
	types, _ := json.Marshal(eaa.Types)
	line("    - {name: eaa-bundle, type: anchors, url: \"file:../eaa-ca.pem\", kind: eaa, purposes: [issuance, revocation], territory: %s, types: %s}", eaa.Territory, types)
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

// listURLs are the trust lists, each after the one that names it.
func (d *demo) listURLs() (urls []string) {
	for _, p := range verifytest.Profiles() {
		urls = append(urls, d.origin.url+"/lists/"+p)
	}
	return append(urls, d.world.LOTLURL(), d.world.TLURL("DE"), d.world.TLURL("NL"), d.origin.url+vicalPath)
}
