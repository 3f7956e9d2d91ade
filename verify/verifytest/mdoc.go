package verifytest

import (
	"crypto/ecdsa"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// MdocOptions describe an mdoc to issue.
type MdocOptions struct {
	DocType    string
	NameSpaces map[string]map[string]any // namespace to element to value

	Signed, ValidFrom, ValidUntil time.Time
	Status                        *Ref
	Holder                        *ecdsa.PrivateKey // nil: a new key
	KeyAuthorizations             *KeyAuthorizations
	DigestAlg                     string // "": SHA-256

	Signer           *Key     // nil: the authority's
	Chain            [][]byte // x5chain; nil: the signer's
	NoX5Chain        bool
	ProtectedX5Chain bool // as the second edition allows
	X5T              bool // a thumbprint of the signer in the protected header

	// MutateItem changes an item before its digest is taken.
	MutateItem func(ns string, item map[string]any)
	// MutateMSO changes the MobileSecurityObject before it is signed.
	MutateMSO func(mso map[string]any)
	// MutateHeaders changes the headers of issuerAuth before it is signed.
	MutateHeaders func(protected, unprotected map[any]any)
	// Payload replaces the encoded payload of issuerAuth before it is signed.
	Payload func(payload []byte) []byte
}

// KeyAuthorizations say what the device key may sign (ISO/IEC 18013-5 12.3.4).
type KeyAuthorizations struct {
	NameSpaces   []string
	DataElements map[string][]string
}

// Mdoc is a credential in a wallet.
type Mdoc struct {
	DocType    string
	Items      []Item
	IssuerAuth cbor.RawMessage // COSE_Sign1
	Holder     *ecdsa.PrivateKey
}

// Item is one IssuerSignedItemBytes, tag 24 and all.
type Item struct {
	NameSpace, Element string
	Raw                cbor.RawMessage
}

// The names of digestAlgorithm and those that digest knows.
var digestAlgs = map[string]string{"SHA-256": "sha-256", "SHA-384": "sha-384", "SHA-512": "sha-512"}

// IssueMdoc issues a credential (ISO/IEC 18013-5 12.3).
func (a *Authority) IssueMdoc(o MdocOptions) (*Mdoc, error) {
	if o.Signer == nil {
		o.Signer = a.Signer
	}
	if o.DigestAlg == "" {
		o.DigestAlg = "SHA-256"
	}
	if o.Holder == nil {
		var err error
		if o.Holder, err = newKey(nil); err != nil {
			return nil, err
		}
	}
	m := &Mdoc{DocType: o.DocType, Holder: o.Holder}
	digests, err := m.addItems(o)
	if err != nil {
		return nil, err
	}
	m.IssuerAuth, err = o.issuerAuth(digests)
	return m, err
}

// addItems makes the items and returns valueDigests.
func (m *Mdoc) addItems(o MdocOptions) (map[string]any, error) {
	digests := make(map[string]any)
	for _, ns := range sortedKeys(o.NameSpaces) {
		ofNS := make(map[any]any)
		ids := shuffled(len(o.NameSpaces[ns])) // ids must not tell which elements there are
		for i, name := range sortedKeys(o.NameSpaces[ns]) {
			item := map[string]any{
				"digestID": ids[i], "random": randomBytes(24),
				"elementIdentifier": name, "elementValue": o.NameSpaces[ns][name],
			}
			if o.MutateItem != nil {
				o.MutateItem(ns, item)
			}
			raw, err := Encode24(item)
			if err != nil {
				return nil, err
			}
			m.Items = append(m.Items, Item{ns, name, raw})
			ofNS[ids[i]] = digest(digestAlgs[o.DigestAlg], raw)
		}
		digests[ns] = ofNS
	}
	return digests, nil
}

func (o MdocOptions) issuerAuth(digests map[string]any) (cbor.RawMessage, error) {
	mso := o.mso(digests)
	if o.MutateMSO != nil {
		o.MutateMSO(mso)
	}
	payload, err := Encode24(mso)
	if err != nil {
		return nil, err
	}
	if o.Payload != nil {
		payload = o.Payload(payload)
	}
	if o.Chain == nil {
		o.Chain = o.Signer.Chain()
	}
	protected := map[any]any{labelAlg: algCOSE(o.Signer.Private)}
	unprotected := map[any]any{}
	if o.X5T {
		protected[labelX5T] = x5t(o.Signer.Cert.Raw)
	}
	switch {
	case o.NoX5Chain:
	case o.ProtectedX5Chain:
		protected[labelX5Chain] = x5chain(o.Chain)
	default:
		unprotected[labelX5Chain] = x5chain(o.Chain)
	}
	if o.MutateHeaders != nil {
		o.MutateHeaders(protected, unprotected)
	}
	return sign1(protected, unprotected, payload, false, o.Signer.Private)
}

// mso is the MobileSecurityObject.
func (o MdocOptions) mso(digests map[string]any) map[string]any {
	device := map[string]any{"deviceKey": COSEKey(&o.Holder.PublicKey)}
	if k := o.KeyAuthorizations; k != nil {
		auth := map[string]any{}
		if k.NameSpaces != nil {
			auth["nameSpaces"] = k.NameSpaces
		}
		if k.DataElements != nil {
			auth["dataElements"] = k.DataElements
		}
		device["keyAuthorizations"] = auth
	}
	mso := map[string]any{
		"version": "1.0", "digestAlgorithm": o.DigestAlg, "docType": o.DocType,
		"valueDigests": digests, "deviceKeyInfo": device,
		"validityInfo": map[string]any{
			"signed": DateTime(o.Signed), "validFrom": DateTime(o.ValidFrom), "validUntil": DateTime(o.ValidUntil),
		},
	}
	if o.Status != nil {
		mso["status"] = o.Status.cbor()
	}
	return mso
}

// shuffled returns 0 to n-1 in random order.
func shuffled(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		j := randomInt(i + 1)
		ids[i], ids[j] = ids[j], i
	}
	return ids
}
