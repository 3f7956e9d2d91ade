package verifytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Hidden marks a value inside a claim as selectively disclosable: the value of a
// member of an object, or an element of an array (RFC 9901 section 4.2). Claims
// given as SDJWTOptions.Claims are hidden without it.
type Hidden struct{ Value any }

// Disclosure is one disclosure of a credential.
type Disclosure struct {
	Path    string // members and indices joined by dots: address.locality
	Encoded string // as it is sent
	Digest  string
}

// concealer replaces hidden values by digests.
type concealer struct {
	alg    string
	decoys int // beside every digest, in objects and arrays
	change func(path string, disclosure []any) []any

	disclosures []Disclosure
}

// conceal returns v with everything hidden in it replaced. A parent's disclosure
// comes before its children's, and holds their digests (RFC 9901 section 6.3).
func (c *concealer) conceal(v any, path string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return c.object(v, path)
	case []any:
		return c.array(v, path)
	default:
		return v, nil
	}
}

func (c *concealer) object(m map[string]any, path string) (map[string]any, error) {
	out := make(map[string]any, len(m))
	var digests []string
	for _, name := range sortedKeys(m) {
		at := join(path, name)
		hidden, ok := m[name].(Hidden)
		if !ok {
			v, err := c.conceal(m[name], at)
			if err != nil {
				return nil, err
			}
			out[name] = v
			continue
		}
		d, err := c.disclose(at, hidden.Value, name)
		if err != nil {
			return nil, err
		}
		digests = append(digests, d)
	}
	if len(digests) > 0 {
		for range c.decoys {
			digests = append(digests, c.decoy())
		}
		slices.Sort(digests) // says nothing of the order of the claims
		out["_sd"] = digests
	}
	return out, nil
}

func (c *concealer) array(list []any, path string) ([]any, error) {
	out := make([]any, 0, len(list))
	concealed := false
	for i, v := range list {
		at := join(path, fmt.Sprint(i))
		hidden, ok := v.(Hidden)
		if !ok {
			v, err := c.conceal(v, at)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
			continue
		}
		d, err := c.disclose(at, hidden.Value)
		if err != nil {
			return nil, err
		}
		out, concealed = append(out, map[string]any{"...": d}), true
	}
	for range c.decoys {
		if concealed {
			out = append(out, map[string]any{"...": c.decoy()})
		}
	}
	return out, nil
}

// disclose makes a disclosure of [salt, name, value], or [salt, value] for an
// element of an array, and returns its digest.
func (c *concealer) disclose(path string, value any, name ...any) (string, error) {
	at := len(c.disclosures)
	c.disclosures = append(c.disclosures, Disclosure{Path: path})
	value, err := c.conceal(value, path)
	if err != nil {
		return "", err
	}
	tuple := append(append([]any{URL64(randomBytes(16))}, name...), value)
	if c.change != nil {
		tuple = c.change(path, tuple)
	}
	b, err := json.Marshal(tuple)
	if err != nil {
		return "", fmt.Errorf("failed to encode a disclosure: %w", err)
	}
	encoded := URL64(b)
	c.disclosures[at] = Disclosure{Path: path, Encoded: encoded, Digest: URL64(digest(c.alg, []byte(encoded)))}
	return c.disclosures[at].Digest, nil
}

func (c *concealer) decoy() string { return URL64(digest(c.alg, randomBytes(32))) }

// reveals says whether a wallet that was asked for some paths sends the disclosure:
// a path stands for itself, for everything below it and for what it lies in.
func (d Disclosure) reveals(asked []string) bool {
	for _, p := range asked {
		if p == d.Path || strings.HasPrefix(d.Path, p+".") || strings.HasPrefix(p, d.Path+".") {
			return true
		}
	}
	return false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
