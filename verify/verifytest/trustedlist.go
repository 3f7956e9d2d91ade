package verifytest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OfficialJournal is the notice in which the World's LOTL signers were published.
const OfficialJournal = "https://journal.example/eli/C/2026/1/oj"

// TLOptions change a national trusted list. The zero value makes a good one.
type TLOptions struct {
	Sequence     uint64    // 0: 1
	Issued       time.Time // zero: the World's time
	NextUpdate   time.Time // zero: 90 days after Issued
	NoNextUpdate bool      // a closed list
	Version      int       // 0: 6
	Without      []string  // ids of authorities to leave out

	Signer      *Key      // nil: TLSigner of the territory
	SigningTime time.Time // zero: Issued
	// OldSigningCertificate names the signer by SigningCertificate, as version 5 did.
	OldSigningCertificate bool

	// Mutate changes the text before it is signed. It is in canonical form: what
	// comes back verifies if it still is.
	Mutate func(xml string) string
	// Damage changes the finished list.
	Damage func([]byte) []byte
}

// LOTLOptions change the list of trusted lists. The zero value makes a good one; the
// members it shares with TLOptions mean the same.
type LOTLOptions struct {
	Sequence     uint64
	Issued       time.Time
	NextUpdate   time.Time
	NoNextUpdate bool
	Version      int

	Signer                *Key // nil: the operator
	SigningTime           time.Time
	OldSigningCertificate bool

	Location string   // of the pointer to itself; "": LOTLURL
	OJ       string   // "": OfficialJournal
	Pivots   []string // before OJ in SchemeInformationURI, newest first
	// SelfSigners may sign the next one; nil: Signer.
	SelfSigners []*Key
	Territories []string // nil: DE and NL
	// PointerSigners and Locations are of national lists, by territory; without an
	// entry: TLSigner and TLURL.
	PointerSigners map[string][]*Key
	Locations      map[string]string

	Mutate func(xml string) string
	Damage func([]byte) []byte
}

// LOTLURL is where the list of trusted lists is published.
func (w *World) LOTLURL() string { return w.ListBase + "/eu-lotl.xml" }

// TLURL is where the trusted list of a territory is published.
func (w *World) TLURL(territory string) string {
	return w.ListBase + "/tl-" + strings.ToLower(territory) + ".xml"
}

// LOTL makes the list of trusted lists (ETSI TS 119 612), signed as XAdES baseline B.
func (w *World) LOTL(o LOTLOptions) ([]byte, error) {
	l := trustedList{
		sequence: o.Sequence, issued: o.Issued, nextUpdate: o.NextUpdate, closed: o.NoNextUpdate, version: o.Version,
		signer: o.Signer, signed: o.SigningTime, oldCertificate: o.OldSigningCertificate, mutate: o.Mutate, damage: o.Damage,
		kind: "EUlistofthelists", approach: "EUlistofthelists", rules: []string{"EUlistofthelists"}, territory: "EU", operator: OperatorName,
	}
	if l.signer == nil {
		l.signer = w.Operator
	}
	setDefault(&o.Location, w.LOTLURL())
	setDefault(&o.OJ, OfficialJournal)
	l.informationURIs = append(slices.Clone(o.Pivots), o.OJ, w.ListBase+"/about/eu-lotl")
	var err error
	if l.pointers, err = w.pointers(o, l.signer); err != nil {
		return nil, err
	}
	return l.make(w.Now)
}

// pointers are those to the LOTL itself and, once as XML and once as PDF, to the
// list of each territory.
func (w *World) pointers(o LOTLOptions, signer *Key) (xml string, err error) {
	if o.SelfSigners == nil {
		o.SelfSigners = []*Key{signer}
	}
	if o.Territories == nil {
		o.Territories = []string{"DE", "NL"}
	}
	xml = tlPointer("EUlistofthelists", "EU", OperatorName, o.Location, mediaTL, o.SelfSigners)
	for _, cc := range o.Territories {
		signers := o.PointerSigners[cc]
		if signers == nil {
			signer, err := w.TLSigner(cc)
			if err != nil {
				return "", err
			}
			signers = []*Key{signer}
		}
		location := o.Locations[cc]
		setDefault(&location, w.TLURL(cc))
		pdf := strings.TrimSuffix(location, ".xml") + ".pdf"
		xml += tlPointer("EUgeneric", listTerritory(cc), tlOperator(cc), pdf, "application/pdf", signers)
		xml += tlPointer("EUgeneric", listTerritory(cc), tlOperator(cc), location, mediaTL, signers)
	}
	return xml, nil
}

// TL makes the trusted list of a territory (ISO 3166), signed as XAdES baseline B. In
// DE and NL it holds the territory's QEAA provider, in DE one that is not qualified
// beside it; elsewhere nobody.
func (w *World) TL(territory string, o TLOptions) ([]byte, error) {
	l := trustedList{
		sequence: o.Sequence, issued: o.Issued, nextUpdate: o.NextUpdate, closed: o.NoNextUpdate, version: o.Version,
		signer: o.Signer, signed: o.SigningTime, oldCertificate: o.OldSigningCertificate, mutate: o.Mutate, damage: o.Damage,
		kind: "EUgeneric", approach: "EUappropriate", rules: []string{"EUcommon", listTerritory(territory)},
		territory: listTerritory(territory), operator: tlOperator(territory),
		informationURIs: []string{w.ListBase + "/about/tl-" + strings.ToLower(territory)},
		pointers:        tlPointer("EUlistofthelists", "EU", OperatorName, w.LOTLURL(), mediaTL, []*Key{w.Operator}),
	}
	if l.signer == nil {
		var err error
		if l.signer, err = w.TLSigner(territory); err != nil {
			return nil, err
		}
	}
	for _, a := range w.trusted {
		if a.Territory == territory && !slices.Contains(o.Without, a.ID) {
			l.providers += tlProvider(a, w.Now)
		}
	}
	return l.make(w.Now)
}

// tlOperator is the scheme operator of a territory.
func tlOperator(territory string) string { return "Demonstration Supervisory Body of " + territory }

// TLSigner signs the trusted list of a territory.
func (w *World) TLSigner(territory string) (*Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.national[territory]; k != nil {
		return k, nil
	}
	from, to := span(w.Now, caBefore, operatorEnd)
	k, err := Certify(CertOptions{
		Subject: pkix.Name{
			Country: []string{territory}, Organization: []string{tlOperator(territory)}, CommonName: "Trusted List Signer " + territory,
		},
		NotBefore: from, NotAfter: to, EKU: []asn1.ObjectIdentifier{OIDTSL},
		Edit: func(t *x509.Certificate) { t.KeyUsage |= x509.KeyUsageContentCommitment },
	})
	if err != nil {
		return nil, fmt.Errorf("failed to make the list signer of %q: %w", territory, err)
	}
	w.national[territory] = k
	return k, nil
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}
