package verifytest

import (
	"crypto/ecdsa"
	"strings"
	"time"
)

// Presentation describes how a wallet presents an SD-JWT VC.
type Presentation struct {
	Nonce, Audience string
	IssuedAt        time.Time // iat of the KB-JWT
	// Disclose names the paths to disclose, with what lies below and above them;
	// nil: everything, empty: nothing.
	Disclose     []string
	NoKeyBinding bool
	HolderKey    *ecdsa.PrivateKey // nil: the credential's

	TransactionData    []string // as the request sent it
	TransactionDataAlg string   // "": sha-256; named in the KB-JWT in any case

	// Disclosures changes what is disclosed before the KB-JWT is made over it.
	Disclosures func([]string) []string
	// MutateKB changes the KB-JWT before it is signed.
	MutateKB func(header, payload map[string]any)
	// Damage changes the finished presentation: the JWT, the disclosures, and the
	// KB-JWT or an empty text, which tildes join.
	Damage func(parts []string) []string
}

// Present makes an SD-JWT+KB, or an SD-JWT without key binding (RFC 9901 section
// 4).
func (s *SDJWT) Present(p Presentation) (string, error) {
	var sent []string
	for _, d := range s.Disclosures {
		if p.Disclose == nil || d.reveals(p.Disclose) {
			sent = append(sent, d.Encoded)
		}
	}
	if p.Disclosures != nil {
		sent = p.Disclosures(sent)
	}
	parts := append([]string{s.JWT}, sent...)
	kb := ""
	if !p.NoKeyBinding {
		var err error
		if kb, err = s.bind(strings.Join(parts, "~")+"~", p); err != nil {
			return "", err
		}
	}
	parts = append(parts, kb)
	if p.Damage != nil {
		parts = p.Damage(parts)
	}
	return strings.Join(parts, "~"), nil
}

// bind makes the KB-JWT over everything before it (RFC 9901 section 4.3).
func (s *SDJWT) bind(presented string, p Presentation) (string, error) {
	key := p.HolderKey
	if key == nil {
		key = s.Holder
	}
	header := map[string]any{"typ": "kb+jwt", "alg": algJOSE(key)}
	payload := map[string]any{
		"iat": p.IssuedAt.Unix(), "aud": p.Audience, "nonce": p.Nonce,
		"sd_hash": URL64(digest(s.SDAlg, []byte(presented))),
	}
	if len(p.TransactionData) > 0 {
		alg := p.TransactionDataAlg
		if alg == "" {
			alg = "sha-256"
		}
		var hashes []string
		for _, d := range p.TransactionData {
			hashes = append(hashes, URL64(digest(alg, []byte(d)))) // over the text as sent
		}
		payload["transaction_data_hashes"], payload["transaction_data_hashes_alg"] = hashes, alg
	}
	if p.MutateKB != nil {
		p.MutateKB(header, payload)
	}
	return SignJWS(header, payload, key)
}
