package verifytest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// ListOptions change a list of trusted entities. The zero value makes a good one.
type ListOptions struct {
	Sequence   uint64    // 0: 1
	Issued     time.Time // zero: the World's time
	NextUpdate time.Time // zero: 90 days after Issued
	Without    []string  // territories, or ids of authorities, to leave out
	// Authorities replaces the World's own ones.
	Authorities []*Authority

	Signer *Key // nil: the operator
	Alg    string
	// Header and Mutate change the JWS header and the document before they are
	// signed; Raw replaces the encoded document.
	Header func(map[string]any)
	Mutate func(doc map[string]any)
	Raw    func(doc []byte) []byte
	// Damage changes the finished list.
	Damage func([]byte) []byte
}

const listLife = 90 * day

// LoTE makes the list of trusted entities of a profile: pid, wallet, wrpac, wrprc,
// pubeaa, registrar or mdl, signed as compact JAdES baseline B (ETSI TS 119 602
// clause 6.8).
func (w *World) LoTE(profile string, o ListOptions) ([]byte, error) {
	at := slices.IndexFunc(loteProfiles, func(p loteProfile) bool { return p.name == profile })
	if at < 0 {
		return nil, fmt.Errorf("no list profile %q", profile)
	}
	if o.Sequence == 0 {
		o.Sequence = 1
	}
	if o.Issued.IsZero() {
		o.Issued = w.Now
	}
	if o.NextUpdate.IsZero() {
		o.NextUpdate = o.Issued.Add(listLife)
	}
	if o.Authorities == nil {
		o.Authorities = w.authorities
	}
	if o.Signer == nil {
		o.Signer = w.Operator
	}
	p := loteProfiles[at]
	doc := map[string]any{"LoTE": p.list(w, o)}
	if o.Mutate != nil {
		o.Mutate(doc)
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("failed to encode a list: %w", err)
	}
	if o.Raw != nil {
		body = o.Raw(body)
	}
	jws, err := o.sign(body)
	if err == nil && o.Damage != nil {
		jws = o.Damage(jws)
	}
	return jws, err
}

func (o ListOptions) sign(body []byte) ([]byte, error) {
	sum := sha256.Sum256(o.Signer.Cert.Raw)
	header := map[string]any{
		"alg": algJOSE(o.Signer.Private), "iat": o.Issued.Unix(),
		"x5c": x5c(o.Signer.Chain()), "x5t#S256": URL64(sum[:]),
	}
	if o.Alg != "" {
		header["alg"] = o.Alg
	}
	if o.Header != nil {
		o.Header(header)
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("failed to encode a list's header: %w", err)
	}
	jws, err := SignRawJWS(head, body, o.Signer.Private)
	return []byte(jws), err
}

func (p loteProfile) list(w *World, o ListOptions) map[string]any {
	list := map[string]any{"ListAndSchemeInformation": p.scheme(w, o)}
	var entities []any
	for _, a := range o.Authorities {
		if a.Kind == p.kind && a.Services != nil && !slices.Contains(o.Without, a.Territory) && !slices.Contains(o.Without, a.ID) {
			entities = append(entities, p.entity(a, o))
		}
	}
	if entities != nil { // absent, not empty, when nobody is approved (clause 6.4.0)
		list["TrustedEntitiesList"] = entities
	}
	return list
}

// scheme is ListAndSchemeInformation with all members of a scheme-explicit list.
func (p loteProfile) scheme(w *World, o ListOptions) map[string]any {
	about := w.ListBase + "/about/" + p.name
	s := map[string]any{
		"LoTEVersionIdentifier": 1,
		"LoTESequenceNumber":    o.Sequence,
		"LoTEType":              p.loteType,
		"SchemeOperatorName":    text(OperatorName),
		"SchemeOperatorAddress": map[string]any{
			"SchemeOperatorPostalAddress":     postal("Rue de la Demonstration 1", "Brussels", "1000", "BE"),
			"SchemeOperatorElectronicAddress": links("mailto:lists@operator.example", "https://operator.example"),
		},
		"SchemeName":                  text("EU:" + p.title + " (demonstration)"),
		"SchemeInformationURI":        links(about, about+"/archive"),
		"StatusDeterminationApproach": p.status,
		"SchemeTypeCommunityRules":    links(p.rules),
		"SchemeTerritory":             "EU",
		"PolicyOrLegalNotice":         []any{map[string]any{"LoTEPolicy": link(about + "/policy")}},
		"ListIssueDateTime":           dateTime(o.Issued),
		"NextUpdate":                  dateTime(o.NextUpdate),
	}
	if p.historical {
		s["HistoricalInformationPeriod"] = 65535
	}
	if !p.noPointer {
		s["PointersToOtherLoTE"] = []any{map[string]any{
			"LoTELocation":             w.ListBase + "/" + p.name + ".jws",
			"ServiceDigitalIdentities": []any{identity(o.Signer)},
			"LoTEQualifiers": []any{map[string]any{
				"LoTEType": p.loteType, "SchemeOperatorName": text(OperatorName), "SchemeTypeCommunityRules": links(p.rules),
				"SchemeTerritory": "EU", "MimeType": "application/jose",
			}},
		}}
	}
	return s
}

// dateTime is the form of clause 6.1.3.
func dateTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
