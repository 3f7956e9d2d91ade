package etsitl

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// taker takes the anchors out of a national list.
type taker struct {
	*reader
	o     NationalOptions
	kinds map[string]trustlist.Kind // by normal service type
	seen  map[scopeKey]bool
}

// providers reads TrustServiceProviderList.
func (t *taker) providers(r *xmldsig.Reader) error {
	return each(r, "TrustServiceProvider", func() error { return t.provider(r) })
}

// provider is what the services of a trust service provider have in common.
type provider struct {
	key, name string
	critical  bool // an extension of it is critical and not understood
}

func (t *taker) provider(r *xmldsig.Reader) error {
	var p *provider
	return members(r, "a provider", func(local string) (err error) {
		switch local {
		case "TSPInformation":
			p, err = readProvider(r)
			return err
		case "TSPServices":
			if p == nil {
				return malformed("a provider has services before its TSPInformation")
			}
			return each(r, "TSPService", func() error { return t.service(r, p) })
		}
		return nil
	})
}

func readProvider(r *xmldsig.Reader) (*provider, error) {
	var called, trade []name
	p := &provider{}
	err := members(r, "TSPInformation", func(local string) (err error) {
		switch local {
		case "TSPName":
			called, err = readNames(r, "Name")
		case "TSPTradeName":
			trade, err = readNames(r, "Name")
		case "TSPInformationExtensions":
			p.critical, err = readExtensions(r, nil)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(called) == 0 {
		return nil, malformed("a provider has no TSPName")
	}
	p.name = english(called)
	if p.key = tradeID(trade); p.key == "" {
		sum := sha256.Sum256([]byte(p.name))
		p.key = hex.EncodeToString(sum[:])
	}
	return p, nil
}

// tradeName is the registered form of TSPTradeName: kind of register, country, id
// (EN 319 412-1). Many providers have others beside it, or none.
var tradeName = regexp.MustCompile(`^(?:VAT|NTR|PAS|IDC|PNO|TIN)[A-Z]{2}-.+$`)

func tradeID(names []name) string {
	for _, n := range names {
		if tradeName.MatchString(n.text) {
			return n.text
		}
	}
	return ""
}
