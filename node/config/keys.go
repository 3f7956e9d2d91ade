package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/gossip/identity"
)

// Limits of the gossip keys.
const (
	maxKeys    = 8
	keySize    = 32 // bytes; AES-256
	maxKeyFile = 64 << 10
)

// makeKey is the command that makes a gossip key.
const makeKey = "head -c 32 /dev/urandom | base64"

// Keys reads the gossip keys: 32 bytes in base64 to a line, with # comments. The first
// is the one to encrypt with, all of them decrypt. No error repeats a key.
func (g *Gossip) Keys() ([][]byte, error) {
	b, err := ReadFile(g.KeyFile, maxKeyFile)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.KeyFile, err)
	}
	return keys, nil
}

func parseKeys(text string) (keys [][]byte, err error) {
	for i, line := range strings.Split(text, "\n") {
		word := strings.TrimSpace(line)
		if word == "" || word[0] == '#' {
			continue
		}
		key, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(word, "="))
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: not base64; make a key with %s", i+1, makeKey)
		case len(key) != keySize:
			return nil, fmt.Errorf("line %d: a key of %d bytes, %d are needed; make one with %s", i+1, len(key), keySize, makeKey)
		case slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) }):
			return nil, fmt.Errorf("line %d: this key stands twice; keep one", i+1)
		case len(keys) == maxKeys:
			return nil, fmt.Errorf("line %d: more than %d keys; take out those that no member encrypts with any more", i+1, maxKeys)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no key in it; make one with %s", makeKey)
	}
	return keys, nil
}

// Exposed are the members of g whose files hold secrets that everybody on this machine
// may read.
func (g *Gossip) Exposed() (fields []string) {
	for _, f := range []struct{ name, path string }{{"gossip.key_file", g.KeyFile}, {"gossip.tls.key", g.TLS.Key}} {
		if fi, err := os.Stat(f.path); err == nil && fi.Mode().Perm()&0o004 != 0 {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// Identity says what the node is among the others, and where its files are.
func (c *Config) Identity() identity.Options {
	tls := c.Gossip.TLS
	return identity.Options{
		Cert: tls.Cert, Key: tls.Key, CA: tls.CA, Name: c.Name,
		Jurisdiction: c.Residency.Jurisdiction, Allow: c.Residency.Allow,
	}
}

// checkGossip opens the files of the cluster.
func (c *Config) checkGossip(check func(field string, err error)) {
	g := c.Gossip
	if g == nil {
		return
	}
	if g.KeyFile != "" {
		_, err := g.Keys()
		check("gossip.key_file", err)
	}
	if _, err := identity.Load(c.Identity()); err != nil { // which names the member itself
		field, text, _ := strings.Cut(err.Error(), ": ")
		check(field, errors.New(text))
	}
}
