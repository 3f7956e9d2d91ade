package vical

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// entry is one CertificateInfo, as far as it is relied on. The serial number, the
// names and the times that providers copy out of the certificate are not: they
// are taken from the certificate itself (trust lists 3.1).
type entry struct {
	der                       []byte
	ski                       []byte // nil when absent or no byte string
	docTypes                  []string
	authority, country, state string // "" when absent
}

// entries is steps 8 and 9 for every certificate of the list.
func (r *reader) entries() error {
	infos, ok := r.payload["certificateInfos"]
	if !ok || major(infos) != majorArray {
		return malformed("certificateInfos is not an array")
	}
	items, ok := array(infos, MaxEntries)
	if !ok {
		return reason.Refuse(reason.VICALTooLarge, "more than %d certificates", MaxEntries)
	}
	r.out.Services = len(items)
	for _, item := range items {
		e, why := readEntry(item)
		if why != "" {
			r.unparsable++
			r.skip(e, item, why)
			continue
		}
		r.certificate(e)
	}
	return nil
}

// readEntry reads one entry; why says what is wrong with it, "" for nothing.
func readEntry(item []byte) (e entry, why string) {
	o, ok := readObject(item)
	if !ok {
		return e, "malformed entry"
	}
	if e.der, ok = strictcbor.ByteString(o["certificate"]); !ok {
		return e, "entry without a certificate"
	}
	e.ski, _ = strictcbor.ByteString(o["ski"])
	for _, member := range []struct {
		name string
		out  *string
	}{
		{"issuingAuthority", &e.authority},
		{"issuingCountry", &e.country},
		{"stateOrProvinceName", &e.state},
	} {
		v, there := o[member.name]
		if !there {
			continue
		}
		if *member.out, ok = text(v); !ok {
			return e, "malformed entry"
		}
	}
	if e.docTypes, ok = docTypes(o["docType"]); !ok {
		return e, "malformed docType"
	}
	return e, ""
}

// docTypes reads an array of texts, which must not be empty.
func docTypes(item []byte) (types []string, ok bool) {
	items, ok := array(item, MaxDocTypes)
	if !ok || len(items) == 0 {
		return nil, false
	}
	for _, it := range items {
		typ, ok := text(it)
		if !ok || typ == "" {
			return nil, false
		}
		types = append(types, typ)
	}
	return types, true
}

// certificate is step 8 for an entry whose form is good. Whether now is within the
// certificate's validity is asked when its anchors are used.
func (r *reader) certificate(e entry) {
	cert, err := pki.Parse(e.der)
	switch {
	case reason.CodeOf(err) == reason.AlgUnsupported:
		r.skip(e, e.der, "unsupported key")
		return
	case err != nil:
		r.unparsable++
		r.skip(e, e.der, "unparsable")
		return
	}
	if slices.ContainsFunc(r.signers, cert.Equal) {
		// The pools of list signers and of anchors never mix (trust lists, rule 1).
		r.skip(e, e.der, "the list's signer, or a CA above it")
		return
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		r.skip(e, e.der, "not a CA")
		return
	}
	if !bytes.Equal(e.ski, cert.SubjectKeyId) {
		r.warn("the ski of a certificate is missing or not its own; its own counts")
	}
	r.add(e, cert)
}

func (r *reader) skip(e entry, b []byte, why string) {
	r.out.Skipped = append(r.out.Skipped, trustlist.Skipped{Entity: e.key(nil), SHA256: sha256.Sum256(b), Why: why})
}

// key is what tells the authorities of a list apart: country, state and name, since
// one country has many; the certificate where the entry does not name any, and ""
// where there is neither.
func (e entry) key(cert *x509.Certificate) string {
	switch {
	case e.authority != "":
		sum := sha256.Sum256([]byte(e.country + "|" + e.state + "|" + e.authority))
		return hex.EncodeToString(sum[:])
	case cert != nil:
		sum := sha256.Sum256(cert.Raw)
		return hex.EncodeToString(sum[:])
	}
	return ""
}
