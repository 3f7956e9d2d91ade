package sdjwt

import "github.com/edgetrust/edgetrust/verify/reason"

// The names that RFC 9901 reserves.
const (
	digestsKey  = "_sd"
	hashKey     = "_sd_alg"
	elementsKey = "..."
)

// processor puts disclosures into the payload (RFC 9901 section 7.1 step 3).
type processor struct {
	disclosures []disclosure
	// index holds every digest that a disclosure has or that was met: the
	// disclosure's position, or met. One map tells what is disclosed and what
	// occurs twice.
	index map[string]int
	used  int
}

const met = -1

// process consumes the payload of p.
func process(p *Presentation) (*Credential, error) {
	hash := defaultHash
	if v, ok := p.payload[hashKey]; ok {
		name, _ := v.(string)
		if hash = hashName(name); !hash.supported() {
			return nil, reason.Refuse(reason.SDAlgUnsupported, "_sd_alg is not sha-256, sha-384 or sha-512")
		}
		delete(p.payload, hashKey)
	}
	proc := processor{disclosures: p.disclosures, index: make(map[string]int, len(p.disclosures)+24)}
	for i := range p.disclosures {
		digest := hash.digest(p.disclosures[i].encoded)
		if _, ok := proc.index[digest]; ok {
			return nil, reason.Refuse(reason.DisclosureDuplicate, "the same disclosure was sent twice")
		}
		proc.index[digest] = i
	}
	if err := proc.object(p.payload, 1, top); err != nil {
		return nil, err
	}
	if proc.used != len(p.disclosures) {
		return nil, reason.Refuse(reason.DisclosureUnreferenced, "%d disclosures that no digest refers to", len(p.disclosures)-proc.used)
	}
	return &Credential{p: p, hash: hash, claims: p.payload}, nil
}

// take counts a digest and returns its disclosure, nil if there is none.
func (p *processor) take(digest any) (*disclosure, error) {
	s, ok := digest.(string)
	if !ok {
		return nil, reason.Refuse(reason.SDDigestMalformed, "a digest is not a string")
	}
	i, known := p.index[s]
	if known && i == met {
		return nil, reason.Refuse(reason.SDDigestDuplicate, "the same digest occurs twice")
	}
	p.index[s] = met
	if known {
		p.used++
		return &p.disclosures[i], nil
	}
	if len(p.index) > maxDigests+len(p.disclosures) {
		return nil, reason.Refuse(reason.InputTooLarge, "more than %d digests without a disclosure", maxDigests)
	}
	return nil, nil
}

func errDepth() error {
	return reason.Refuse(reason.InputTooLarge, "the processed payload is nested deeper than %d", maxDepth)
}
