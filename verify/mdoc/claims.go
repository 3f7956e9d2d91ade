package mdoc

import (
	"crypto/x509"
	"math"
	"math/big"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Elements returns what the issuer signed and the holder presented: namespace →
// identifier → encoded value.
func (i *Issued) Elements() map[string]map[string]cbor.RawMessage {
	out := make(map[string]map[string]cbor.RawMessage, len(i.doc.items))
	for ns, items := range i.doc.items {
		m := make(map[string]cbor.RawMessage, len(items))
		for _, it := range items {
			m[it.identifier] = it.value
		}
		out[ns] = m
	}
	return out
}

// DeviceElements returns what the device signed.
func (i *Issued) DeviceElements() map[string]map[string]cbor.RawMessage { return i.doc.deviceValues }

// Claims turns encoded elements into what an answer shows: text, bool, int64 and
// float64 as they are, dates as their text, bytes as base64url, arrays and maps
// likewise.
func Claims(elements map[string]map[string]cbor.RawMessage) map[string]any {
	out := make(map[string]any, len(elements))
	for ns, m := range elements {
		space := make(map[string]any, len(m))
		for id, raw := range m {
			var v any
			if strictcbor.Unmarshal(raw, &v) == nil {
				space[id] = plain(v)
			}
		}
		out[ns] = space
	}
	return out
}

func plain(v any) any {
	switch x := v.(type) {
	case cbor.Tag:
		return plain(x.Content) // tag 0 and 1004: the date's text
	case []byte:
		return b64.EncodeURL(x)
	case uint64:
		if x > math.MaxInt64 {
			return new(big.Int).SetUint64(x).String()
		}
		return int64(x)
	case big.Int:
		return x.String()
	case float32:
		return number(float64(x))
	case float64:
		return number(x)
	case []any:
		a := make([]any, len(x))
		for i := range x {
			a[i] = plain(x[i])
		}
		return a
	case map[any]any:
		m := make(map[string]any, len(x))
		for k, e := range x {
			if s, ok := plain(k).(string); ok {
				m[s] = plain(e)
			}
		}
		return m
	case string, bool, int64, nil:
		return x
	default:
		return nil // simple values without a meaning here
	}
}

// number keeps what JSON can say.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

// CheckCountry compares issuing_country and issuing_jurisdiction, where they were
// presented, with the document signer's certificate (7.4; B.1.4). Codes:
// issuing_country_mismatch, issuing_jurisdiction_mismatch.
func (i *Issued) CheckCountry(leaf *x509.Certificate) error {
	country, state := first(leaf.Subject.Country), first(leaf.Subject.Province)
	for _, items := range i.doc.items {
		for _, it := range items {
			switch it.identifier {
			case "issuing_country":
				if v, ok := text(it.value); country != "" && (!ok || normal(v) != normal(country)) {
					return reason.Refuse(reason.IssuingCountryMismatch, "issuing_country is not the document signer's country")
				}
			case "issuing_jurisdiction":
				if v, ok := text(it.value); state != "" && (!ok || v != state) {
					return reason.Refuse(reason.IssuingJurisdictionMismatch, "issuing_jurisdiction is not the document signer's state")
				}
			}
		}
	}
	return nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// normal maps Greece's two codes to one.
func normal(cc string) string { return trustlist.Territory(cc) }
