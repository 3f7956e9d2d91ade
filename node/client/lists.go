package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxPages bounds how many answers are asked for to have one list's anchors, and
// attempts how often it is begun again because the list has changed meanwhile.
const (
	maxPages = 200
	attempts = 3
)

// List is one followed trust list.
type List struct {
	Name          string        `json:"name"`
	Type          string        `json:"type"`
	Parent        string        `json:"parent"`
	Territory     string        `json:"territory"`
	Profile       string        `json:"profile"`
	URL           string        `json:"url"`
	State         string        `json:"state"`
	Sequence      uint64        `json:"sequence"`
	Version       int           `json:"version"`
	SHA256        string        `json:"sha256"`
	Issued        time.Time     `json:"issued"`
	NextUpdate    time.Time     `json:"next_update"`
	Signer        *Signer       `json:"signer"`
	LookedAt      time.Time     `json:"looked_at"`
	AgeSeconds    int64         `json:"age_seconds"`
	CameFrom      string        `json:"came_from"`
	From          string        `json:"from"`           // the peer that it came from
	SpreadSeconds float64       `json:"spread_seconds"` // how long that took; 0: not known
	Durable       *bool         `json:"durable"`        // nil: the node has no data_dir
	Anchors       int           `json:"anchors"`
	Services      int           `json:"services"`
	Skipped       int           `json:"skipped"`
	Warnings      []string      `json:"warnings"`
	LastError     *Failure      `json:"last_error"`
	HeldUntil     time.Time     `json:"held_until"`
	SoaksUntil    time.Time     `json:"soaks_until"`
	Quarantined   *Quarantined  `json:"quarantined"`
	Conflict      *Conflict     `json:"conflict"`
	Refused       []RefusedList `json:"refused"`
}

// Signer is the certificate that a list was verified with.
type Signer struct {
	Subject           string    `json:"subject"`
	CertificateSHA256 string    `json:"certificate_sha256"`
	NotAfter          time.Time `json:"not_after"`
}

// Failure is a look at an origin that brought nothing.
type Failure struct {
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

// Quarantined is a version that waits for an operator.
type Quarantined struct {
	Sequence uint64 `json:"sequence"`
	SHA256   string `json:"sha256"`
	Code     string `json:"code"`
}

// Conflict names two contents that were signed under one sequence number.
type Conflict struct {
	Sequence uint64 `json:"sequence"`
	Kept     string `json:"kept"`
	Refused  string `json:"refused"`
}

// RefusedList is one version of a list that was refused.
type RefusedList struct {
	At     time.Time `json:"at"`
	Door   string    `json:"door"`
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
}

// ListAnchors is one list with its anchors.
type ListAnchors struct {
	List       string               `json:"list"`
	Type       string               `json:"type"`
	URL        string               `json:"url"`
	State      string               `json:"state"`
	Sequence   uint64               `json:"sequence"`
	SHA256     string               `json:"sha256"`
	Issued     time.Time            `json:"issued"`
	NextUpdate time.Time            `json:"next_update"`
	Signer     *Signer              `json:"signer"`
	SignedAt   time.Time            `json:"signed_at"`
	CameFrom   string               `json:"came_from"`
	Anchors    []Anchor             `json:"anchors"`
	Skipped    []SkippedCertificate `json:"skipped"`
	Warnings   []string             `json:"warnings"`
}

// Anchor is one anchor with its scope.
type Anchor struct {
	CertificateSHA256 string    `json:"certificate_sha256"`
	SPKISHA256        string    `json:"spki_sha256"`
	SKI               string    `json:"ski"`
	Subject           string    `json:"subject"`
	Mode              string    `json:"mode"`
	Kind              string    `json:"kind"`
	Purpose           string    `json:"purpose"`
	Territory         string    `json:"territory"`
	Types             []string  `json:"types"`
	Entity            string    `json:"entity"`
	EntityName        string    `json:"entity_name"`
	Service           string    `json:"service"`
	Status            string    `json:"status"`
	StatusSince       time.Time `json:"status_since"`
	Usable            bool      `json:"usable"`
	Standing          string    `json:"standing"` // in_force, withdrawn, held, expired or not_in_good_standing
	HeldUntil         time.Time `json:"held_until"`
	NotBefore         time.Time `json:"not_before"`
	NotAfter          time.Time `json:"not_after"`
	SeenAt            time.Time `json:"seen_at"`
}

// SkippedCertificate is one certificate of a list that yields no anchor.
type SkippedCertificate struct {
	Entity string `json:"entity"`
	SHA256 string `json:"sha256"`
	Why    string `json:"why"`
}

// AnchorFilter chooses anchors. Empty members choose all.
type AnchorFilter struct {
	Kind      string
	Territory string // two letters of ISO 3166
	Purpose   string // issuance or revocation
}

// Lists returns the trust lists that the node follows.
func (c *Client) Lists(ctx context.Context) ([]List, error) {
	v, err := get[struct{ Lists []List }](ctx, c, "/v1/lists")
	return v.Lists, err
}

// Anchors returns the anchors of one version of a list, in as many requests as it
// takes.
func (c *Client) Anchors(ctx context.Context, list string, f AnchorFilter) (ListAnchors, error) {
	for range attempts {
		l, whole, err := c.anchorsOnce(ctx, list, f)
		if err != nil || whole {
			return l, err
		}
	}
	return ListAnchors{}, errors.New("the list changes faster than it can be read; try again")
}

// anchorsOnce reads page after page. whole is false when the list changed between
// two of them.
func (c *Client) anchorsOnce(ctx context.Context, list string, f AnchorFilter) (l ListAnchors, whole bool, err error) {
	type page struct {
		ListAnchors
		Next int `json:"next"`
	}
	after := 0
	for range maxPages {
		p, err := get[page](ctx, c, "/v1/lists/"+url.PathEscape(list)+"/anchors?"+f.query(after))
		if err != nil {
			return ListAnchors{}, false, err
		}
		if after == 0 {
			l = p.ListAnchors
		} else {
			if p.SHA256 != l.SHA256 {
				return ListAnchors{}, false, nil
			}
			l.Anchors = append(l.Anchors, p.Anchors...)
		}
		if p.Next <= after {
			return l, true, nil
		}
		after = p.Next
	}
	return ListAnchors{}, false, errors.New("the list has no end")
}

func (f AnchorFilter) query(after int) string {
	q := make(url.Values)
	for name, v := range map[string]string{"kind": f.Kind, "territory": f.Territory, "purpose": f.Purpose} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if after > 0 {
		q.Set("after", strconv.Itoa(after))
	}
	return q.Encode()
}

// Artefact returns the signed bytes of a list by their SHA-256 in hex, once they
// are what they should be.
func (c *Client) Artefact(ctx context.Context, digest string) ([]byte, error) {
	r, err := c.Do(ctx, http.MethodGet, "/v1/artefacts/"+url.PathEscape(digest), "", "", nil)
	if err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, problemOf(r)
	}
	if sum := sha256.Sum256(r.Body); hex.EncodeToString(sum[:]) != digest {
		return nil, errors.New("the node sent other bytes than those of that digest")
	}
	return r.Body, nil
}
