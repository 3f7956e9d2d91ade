package sdjwt

// Everything from outside has a limit. Limits can be set by the caller; the
// others are fixed.
const (
	defaultBytes       = 256 << 10 // one presentation
	defaultDisclosures = 512       // parts between the issuer's JWT and the KB-JWT

	maxDepth           = 32   // containers within one another, disclosed values included
	maxDigests         = 2048 // digests without a disclosure: not disclosed, or decoys
	maxTransactionData = 64   // transaction_data strings of one request
)

// Limits bound what a presentation may hold. Zero fields take the defaults: 256
// KiB and 512 disclosures.
type Limits struct{ Bytes, Disclosures int }

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = defaultBytes
	}
	if l.Disclosures == 0 {
		l.Disclosures = defaultDisclosures
	}
	return l
}
