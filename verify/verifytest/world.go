package verifytest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Types that the World's authorities issue beside PIDs and driving licences.
const (
	TypePID        = "urn:eudi:pid:1"
	TypePIDMdoc    = "eu.europa.ec.eudi.pid.1"
	TypeMDL        = "org.iso.18013.5.1.mDL"
	TypeMembership = "urn:example:membership:1"
	TypePayment    = "urn:example:payment:1"
	TypeResidence  = "urn:example:residence:1"
)

// OperatorName is the organisation that signs the World's lists.
const OperatorName = "Demonstration Trust List Operator"

// World is a trust ecosystem in memory.
type World struct {
	Now time.Time // when it was made; certificates are valid around it

	// StatusBase and ListBase are the URLs under which status lists and trust
	// lists are published. They may be changed before anything is issued.
	StatusBase string
	ListBase   string
	// CRLBase is the URL under which certificate revocation lists are published;
	// "": nowhere. Certificates bear it: it is set by NewAt and not changed.
	CRLBase string

	// Operator signs the lists.
	Operator *Key

	authorities []*Authority
	trusted     []*Authority // those of national trusted lists
	vical       *vicalPublisher
	portrait    []byte

	mu     sync.Mutex
	status map[string]statusPublisher // by URI
	made   map[string]Ref             // by sample: the credential last made
	// national are the signers of trusted lists, by territory.
	national map[string]*Key
}

// charters are the authorities of every World. How each is listed differs on
// purpose, so that all the ways in which lists name signers occur: a CA or the
// signer itself, a revocation service with its own CA, with the signer itself, or
// none at all.
var charters = []charter{
	{id: "de", name: "Demo PID Provider Deutschland", territory: "DE", tradeID: "NTRDE-HRB900001", kind: trustlist.KindPID,
		types: []string{TypePID, "urn:eudi:pid:de:1", TypePIDMdoc}, person: erika, ownRevocationCA: true},
	{id: "fr", name: "Demo PID Provider France", territory: "FR", tradeID: "NTRFR-900000019", kind: trustlist.KindPID,
		types: []string{TypePID, "urn:eudi:pid:fr:1", TypePIDMdoc}, person: maelis, revocationDirect: true},
	{id: "ut", name: "Utopia Department of Motor Vehicles", territory: "UT", state: "UT-CC", tradeID: "NTRUT-7700042", kind: trustlist.KindMDL,
		types: []string{TypeMDL}, person: susan, sharedRevocation: true},
	{id: "pubeaa", name: "Demo Residents Registration Office", territory: "NL", tradeID: "NTRNL-90000025", kind: trustlist.KindPubEAA,
		types: []string{TypeResidence}, person: sanne, direct: true, revocationDirect: true},
	{id: "pubeaa-withdrawn", name: "Demo Former Registration Office", territory: "NL", tradeID: "NTRNL-90000033", kind: trustlist.KindPubEAA,
		types: []string{TypeResidence}, person: sanne, direct: true, revocationDirect: true, withdrawn: true},
	{id: "eaa", name: "Demo Savings Bank", territory: "DE", tradeID: "NTRDE-HRB900009", kind: trustlist.KindEAA,
		types: []string{TypeMembership, TypePayment}, person: erika, unlisted: true},
	{id: "wallet", name: "Demo Wallet Provider", territory: "DE", tradeID: "NTRDE-HRB900017", kind: trustlist.KindWallet},
	{id: "wrpac", name: "Demo Access Certificate Authority", territory: "DE", tradeID: "NTRDE-HRB900025", kind: trustlist.KindWRPAC, person: erika},
	{id: "wrprc", name: "Demo Registration Certificate Authority", territory: "FR", tradeID: "NTRFR-900000027", kind: trustlist.KindWRPRC},
	{id: "register", name: "Demo Registrar of Relying Parties", territory: "FR", tradeID: "NTRFR-900000035", kind: trustlist.KindRegister, sharedRevocation: true},
	{id: "stranger", name: "Provider Nobody Knows", territory: "DE", tradeID: "NTRDE-HRB900033", kind: trustlist.KindPID,
		types: []string{TypePID, "urn:eudi:pid:de:1", TypePIDMdoc}, person: erika, unlisted: true},
}

// Options of a World are what its certificates say, and so cannot be changed later.
type Options struct {
	// CRLBase is World.CRLBase. With one, each certificate bears the URL of its
	// issuer's revocation list under it.
	CRLBase string
}

// New makes a World whose certificates are valid around now. It publishes no
// certificate revocation lists.
func New(now time.Time) (*World, error) { return NewAt(now, Options{}) }

// NewAt is New with Options.
func NewAt(now time.Time, o Options) (*World, error) {
	w := &World{
		Now:        now.UTC().Truncate(time.Second),
		StatusBase: "https://status.example", ListBase: "https://lists.example", CRLBase: strings.TrimSuffix(o.CRLBase, "/"),
		portrait: drawPortrait(), status: make(map[string]statusPublisher), made: make(map[string]Ref),
		national: make(map[string]*Key),
	}
	from, to := span(now, caBefore, operatorEnd)
	var err error
	w.Operator, err = Certify(CertOptions{
		Subject:   pkix.Name{Country: []string{"EU"}, Organization: []string{OperatorName}, CommonName: "Demonstration List Signer"},
		NotBefore: from, NotAfter: to, EKU: []asn1.ObjectIdentifier{OIDTSL},
		// List signers may use contentCommitment too (trust lists 1.4).
		Edit: func(t *x509.Certificate) { t.KeyUsage |= x509.KeyUsageContentCommitment },
	})
	if err != nil {
		return nil, err
	}
	for _, c := range charters {
		a, err := c.establish(now, w.CRLBase)
		if err != nil {
			return nil, err
		}
		w.authorities = append(w.authorities, a)
	}
	if w.trusted, err = establishTrusted(now, w.CRLBase); err != nil {
		return nil, err
	}
	if w.vical, err = newVICALPublisher(now, w.CRLBase); err != nil {
		return nil, err
	}
	return w, nil
}

// Authorities returns every authority, listed or not, the stranger last. Those of
// VICALs and of trusted lists are not among them.
func (w *World) Authorities() []*Authority {
	return append([]*Authority(nil), w.authorities...)
}

// Authority returns the authority with the id, the State and those of trusted lists
// among them; nil if there is none.
func (w *World) Authority(id string) *Authority {
	for _, a := range w.everyone() {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// everyone is every authority, wherever it is listed.
func (w *World) everyone() []*Authority {
	return append(slices.Concat(w.authorities, w.trusted), w.vical.state)
}

// PID returns the PID provider of a country: DE or FR; nil for others.
func (w *World) PID(territory string) *Authority {
	for _, a := range w.authorities {
		if a.Kind == trustlist.KindPID && a.Territory == territory && a.Services != nil {
			return a
		}
	}
	return nil
}

// MDL issues driving licences of Utopia (UT).
func (w *World) MDL() *Authority { return w.Authority("ut") }

// EAA issues non-qualified attestations and stands in no list: nodes take its CA
// from a local bundle (Authority.Bundle), limited to its Types.
func (w *World) EAA() *Authority { return w.Authority("eaa") }

// PubEAA is a public body in good standing.
func (w *World) PubEAA() *Authority { return w.Authority("pubeaa") }

// Withdrawn is a public body that the list says is withdrawn.
func (w *World) Withdrawn() *Authority { return w.Authority("pubeaa-withdrawn") }

// WRPAC issues access certificates for relying parties: a listed CA of the wrong
// kind for any attestation.
func (w *World) WRPAC() *Authority { return w.Authority("wrpac") }

// Stranger calls itself a PID provider and stands in no list.
func (w *World) Stranger() *Authority { return w.Authority("stranger") }

// list returns the list under a URI, founding it if there is none.
func (w *World) list(uri string, found func() statusPublisher) statusPublisher {
	w.mu.Lock()
	defer w.mu.Unlock()
	l, ok := w.status[uri]
	if !ok {
		l = found()
		w.status[uri] = l
	}
	return l
}

// SetStatus writes the entry of a credential, not that of Ref.Also: 0 good, 1
// revoked, 2 suspended (Token Status List section 7.1). An identifier list knows
// the first two, and takes no revocation back.
func (w *World) SetStatus(ref Ref, value byte) error {
	w.mu.Lock()
	l, ok := w.status[ref.URI]
	w.mu.Unlock()
	if !ok {
		return fmt.Errorf("this world publishes no status list under %q", ref.URI)
	}
	return l.setStatus(ref, value)
}

// Revoke revokes the credential that was last made for a sample, and names the
// list that says so from now on. There may be none to revoke.
func (w *World) Revoke(sample string) (uri string, ok bool) {
	w.mu.Lock()
	ref, ok := w.made[sample]
	w.mu.Unlock()
	if !ok {
		return "", false
	}
	return ref.URI, w.SetStatus(ref, StatusRevoked) == nil
}
