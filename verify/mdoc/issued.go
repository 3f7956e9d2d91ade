package mdoc

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Issued is a document whose issuer's signature is good.
type Issued struct {
	doc *Document
	mso mso
}

// mso is the MobileSecurityObject (12.3.2).
type mso struct {
	digestAlgorithm string
	valueDigests    map[string]map[uint64][]byte
	deviceKey       cbor.RawMessage
	authorizations  authorizations
	signed          time.Time
	validFrom       time.Time
	validUntil      time.Time
	status          cbor.RawMessage
}

type authorizations struct {
	NameSpaces   []string            `cbor:"nameSpaces"`
	DataElements map[string][]string `cbor:"dataElements"`
}

// VerifyIssuer checks issuerAuth with the leaf's key and unwraps the MSO. Codes:
// mdoc_x5t_mismatch, alg_unsupported, issuer_signature_invalid, mso_malformed,
// mdoc_version_unsupported, mso_digest_alg_unsupported, mdoc_doctype_mismatch.
func (d *Document) VerifyIssuer(leaf *x509.Certificate, allowed sigalg.Set) (*Issued, error) {
	if err := d.checkThumbprint(leaf); err != nil {
		return nil, err
	}
	switch err := d.issuerAuth.Verify(leaf.PublicKey, allowed, nil, nil); {
	case errors.Is(err, cose.ErrAlg):
		return nil, reason.Refuse(reason.AlgUnsupported, "issuerAuth: %v", err)
	case err != nil:
		return nil, reason.Refuse(reason.IssuerSignatureInvalid, "issuerAuth: %v", err)
	}
	i := &Issued{doc: d}
	return i, i.parseMSO(d.issuerAuth.Payload)
}

// checkThumbprint compares x5t with the leaf, where it is there (label 34).
func (d *Document) checkThumbprint(leaf *x509.Certificate) error {
	const labelX5T = 34
	for _, h := range []cose.Header{d.issuerAuth.Protected, d.issuerAuth.Unprotected} {
		if !h.Has(labelX5T) {
			continue
		}
		sum := sha256.Sum256(leaf.Raw)
		if subtle.ConstantTimeCompare(h.X5T, sum[:]) != 1 {
			return reason.Refuse(reason.MdocX5tMismatch, "x5t is not the SHA-256 of the document signer's certificate")
		}
	}
	return nil
}

func badMSO(what string) error { return reason.Refuse(reason.MSOMalformed, "%s", what) }

func (i *Issued) parseMSO(payload []byte) error {
	content, ok := strictcbor.Bytes24(payload)
	if !ok {
		return badMSO("the payload is not tag 24 over a byte string")
	}
	var m struct {
		Version         cbor.RawMessage                       `cbor:"version"`
		DigestAlgorithm cbor.RawMessage                       `cbor:"digestAlgorithm"`
		ValueDigests    map[string]map[uint64]cbor.RawMessage `cbor:"valueDigests"`
		DeviceKeyInfo   cbor.RawMessage                       `cbor:"deviceKeyInfo"`
		DocType         cbor.RawMessage                       `cbor:"docType"`
		ValidityInfo    cbor.RawMessage                       `cbor:"validityInfo"`
		Status          cbor.RawMessage                       `cbor:"status"`
	}
	if major(content) != 5 || strictcbor.Unmarshal(content, &m) != nil {
		return badMSO("not a map with the members of a MobileSecurityObject")
	}
	version, ok := text(m.Version)
	if !ok {
		return badMSO("version is not text")
	}
	if !strings.HasPrefix(version, "1.") {
		return reason.Refuse(reason.MdocVersionUnsupported, "MobileSecurityObject version is not 1.x")
	}
	if i.mso.digestAlgorithm, ok = text(m.DigestAlgorithm); !ok {
		return badMSO("digestAlgorithm is not text")
	}
	size := digestSize(i.mso.digestAlgorithm)
	if size == 0 {
		return reason.Refuse(reason.MSODigestAlgUnsupported, "digestAlgorithm is not SHA-256, SHA-384 or SHA-512")
	}
	if m.ValueDigests == nil {
		return badMSO("valueDigests is missing")
	}
	if err := i.setDigests(m.ValueDigests, size); err != nil {
		return err
	}
	if err := i.setDeviceKey(m.DeviceKeyInfo); err != nil {
		return err
	}
	docType, ok := text(m.DocType)
	if !ok {
		return badMSO("docType is not text")
	}
	if docType != i.doc.docType {
		return reason.Refuse(reason.MdocDocTypeMismatch, "the issuer signed another docType than the document states")
	}
	if m.Status != nil && major(m.Status) != 5 {
		return reason.Refuse(reason.StatusReferenceMalformed, "status is not a map")
	}
	i.mso.status = m.Status
	return i.setValidity(m.ValidityInfo)
}

// setDigests keeps the digests of the namespaces that were presented.
func (i *Issued) setDigests(all map[string]map[uint64]cbor.RawMessage, size int) error {
	i.mso.valueDigests = make(map[string]map[uint64][]byte, len(i.doc.items))
	for ns := range i.doc.items {
		digests := make(map[uint64][]byte, len(i.doc.items[ns]))
		for _, it := range i.doc.items[ns] {
			raw, ok := all[ns][it.digestID]
			if !ok {
				continue
			}
			var sum []byte
			if major(raw) != 2 || strictcbor.Unmarshal(raw, &sum) != nil || len(sum) != size {
				return badMSO("a digest is not a byte string of the algorithm's size")
			}
			digests[it.digestID] = sum
		}
		i.mso.valueDigests[ns] = digests
	}
	return nil
}

func (i *Issued) setDeviceKey(raw cbor.RawMessage) error {
	var info struct {
		DeviceKey         cbor.RawMessage `cbor:"deviceKey"`
		KeyAuthorizations cbor.RawMessage `cbor:"keyAuthorizations"`
	}
	if major(raw) != 5 || strictcbor.Unmarshal(raw, &info) != nil || info.DeviceKey == nil {
		return badMSO("deviceKeyInfo has no deviceKey")
	}
	i.mso.deviceKey = info.DeviceKey
	if info.KeyAuthorizations != nil {
		if major(info.KeyAuthorizations) != 5 || strictcbor.Unmarshal(info.KeyAuthorizations, &i.mso.authorizations) != nil {
			return badMSO("keyAuthorizations is not a map of namespaces and elements")
		}
	}
	return nil
}

func (i *Issued) setValidity(raw cbor.RawMessage) error {
	var v struct {
		Signed     cbor.RawMessage `cbor:"signed"`
		ValidFrom  cbor.RawMessage `cbor:"validFrom"`
		ValidUntil cbor.RawMessage `cbor:"validUntil"`
	}
	if major(raw) != 5 || strictcbor.Unmarshal(raw, &v) != nil {
		return badMSO("validityInfo is not a map")
	}
	for _, f := range []struct {
		raw cbor.RawMessage
		to  *time.Time
	}{{v.Signed, &i.mso.signed}, {v.ValidFrom, &i.mso.validFrom}, {v.ValidUntil, &i.mso.validUntil}} {
		t, ok := tdate(f.raw)
		if !ok {
			return badMSO("a time of validityInfo is not tag 0 over a UTC date-time")
		}
		*f.to = t
	}
	return nil
}

// tdate reads tag 0 over an RFC 3339 date-time in UTC. The profile forbids
// fractions of a second; real issuers write them, and they say nothing else, so
// they are read.
func tdate(raw cbor.RawMessage) (time.Time, bool) {
	var tag cbor.RawTag
	if major(raw) != 6 || strictcbor.Unmarshal(raw, &tag) != nil || tag.Number != 0 {
		return time.Time{}, false
	}
	s, ok := text(tag.Content)
	if !ok || len(s) < 20 || len(s) > 30 || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

func digestSize(alg string) int {
	switch alg {
	case "SHA-256":
		return sha256.Size
	case "SHA-384":
		return sha512.Size384
	case "SHA-512":
		return sha512.Size
	}
	return 0
}

// CheckDigests hashes every disclosed element as received and compares it with
// what the issuer signed (12.3.4). Codes: mdoc_digest_missing,
// mdoc_digest_mismatch.
func (i *Issued) CheckDigests() error {
	for ns, items := range i.doc.items {
		digests := i.mso.valueDigests[ns]
		for _, it := range items {
			want, ok := digests[it.digestID]
			if !ok {
				return reason.Refuse(reason.MdocDigestMissing, "the issuer signed no digest for a presented element")
			}
			if !bytes.Equal(want, i.sum(it.raw)) {
				return reason.Refuse(reason.MdocDigestMismatch, "a presented element differs from what the issuer signed")
			}
		}
	}
	return nil
}

func (i *Issued) sum(b []byte) []byte {
	switch i.mso.digestAlgorithm {
	case "SHA-256":
		s := sha256.Sum256(b)
		return s[:]
	case "SHA-384":
		s := sha512.Sum384(b)
		return s[:]
	default:
		s := sha512.Sum512(b)
		return s[:]
	}
}

// NotBefore is validFrom.
func (i *Issued) NotBefore() time.Time { return i.mso.validFrom }

// NotAfter is validUntil.
func (i *Issued) NotAfter() time.Time { return i.mso.validUntil }

// SignedAt is when the issuer says it signed.
func (i *Issued) SignedAt() time.Time { return i.mso.signed }

// Status is the MSO's status map as received, nil when there is none.
func (i *Issued) Status() []byte { return i.mso.status }

// CheckTime checks validityInfo (12.3.3): signed within the certificate's
// validity, validFrom not before signed, now between validFrom and validUntil with
// the skew, and, unless allowed, validUntil not after the certificate's end.
func (i *Issued) CheckTime(now time.Time, skew time.Duration, leaf *x509.Certificate, allowValidUntilAfterCert bool) error {
	m := &i.mso
	if m.signed.Before(leaf.NotBefore) || m.signed.After(leaf.NotAfter) {
		return reason.Refuse(reason.MSOSignedOutsideCert, "signed outside the document signer's validity")
	}
	if m.validFrom.Before(m.signed) || m.validUntil.Before(m.validFrom) {
		return badMSO("signed, validFrom and validUntil are out of order")
	}
	if now.Add(skew).Before(m.validFrom) {
		return reason.Refuse(reason.CredentialNotYetValid, "valid from %s", m.validFrom.UTC().Format(time.RFC3339))
	}
	if now.Add(-skew).After(m.validUntil) {
		return reason.Refuse(reason.CredentialExpired, "valid until %s", m.validUntil.UTC().Format(time.RFC3339))
	}
	if m.validUntil.After(leaf.NotAfter) && !allowValidUntilAfterCert {
		return reason.Refuse(reason.MdocValidUntilAfterCert, "valid for longer than the document signer's certificate")
	}
	return nil
}
