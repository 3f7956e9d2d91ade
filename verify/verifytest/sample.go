package verifytest

import (
	"fmt"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// The formats of a Sample, by the names of OpenID4VP.
const (
	FormatSDJWT = "dc+sd-jwt"
	FormatMdoc  = "mso_mdoc"
)

// Sample is one kind of outcome, under the default policy, at a node that holds
// the World's lists: those of LoTE, and the bundle of EAA limited to its types.
type Sample struct {
	Name    string         `json:"name"`
	About   string         `json:"about"`
	Verdict reason.Verdict `json:"verdict"`
	Codes   []reason.Code  `json:"codes"` // of the reasons, in order; empty when valid
	Format  string         `json:"format"`
}

// Samples returns the samples for a node that holds the lists of LoTE and the
// bundle: good ones first, then by what is wrong.
func Samples() []Sample { return samplesOf(recipes()) }

// ListedSamples returns those for a node that also follows the World's LOTL and
// VICAL: their issuers stand in no other list.
func ListedSamples() []Sample { return samplesOf(slices.Concat(qualified(), vicalRecipes())) }

func samplesOf(recipes []recipe) (list []Sample) {
	for _, r := range recipes {
		s := r.Sample
		s.Codes = slices.Clone(s.Codes)
		if s.Codes == nil {
			s.Codes = []reason.Code{}
		}
		list = append(list, s)
	}
	return list
}

// Made is a fresh presentation with what a verifier has to be told about it.
type Made struct {
	Sample  Sample
	VPToken map[string][]string
	Expect  map[string]any // ready for JSON
	// Context is the one given, with what was missing filled in. Its
	// TransactionData is what the presentation should bind: none for samples that
	// are not about it.
	Context Context
	// SessionTranscript is set in proximity, EMacKey where the wallet made a MAC.
	SessionTranscript []byte
	EMacKey           []byte
	// Status is the credential's entry, nil if it has none; for World.SetStatus.
	Status *Ref
}

// Make issues a credential, all of it new, and presents it as one of Samples or
// ListedSamples asks. The error says that there is no such sample, or that the flow
// cannot carry it.
func (w *World) Make(name string, c Context, now time.Time) (*Made, error) {
	all := slices.Concat(recipes(), vicalRecipes(), qualified())
	at := slices.IndexFunc(all, func(r recipe) bool { return r.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("there is no sample %q", name)
	}
	r := all[at]
	if r.Format == FormatSDJWT && c.Flow != "" && c.Flow != FlowRedirect && c.Flow != FlowDCAPI {
		return nil, fmt.Errorf("sample %q is an SD-JWT VC, which flow %q does not carry", name, c.Flow)
	}
	k := &maker{w: w, r: r, now: now.UTC().Truncate(time.Second), made: &Made{Sample: r.Sample}}
	if err := k.context(c); err != nil {
		return nil, err
	}
	var presentation string
	var err error
	if r.Format == FormatSDJWT {
		presentation, err = k.sdjwt()
	} else {
		presentation, err = k.mdoc()
	}
	if err != nil {
		return nil, fmt.Errorf("failed to make sample %q: %w", name, err)
	}
	typ := r.expect
	if typ == "" {
		typ = r.typ
	}
	k.made.VPToken = map[string][]string{k.id: {presentation}}
	k.made.Expect = map[string]any{k.id: map[string]any{"kind": string(kindOf(typ)), "types": []string{typ}}}
	k.made.Context = k.c
	if k.c.Flow == FlowProximity {
		k.made.SessionTranscript = k.c.SessionTranscript
	}
	w.remember(name, k.made.Status)
	return k.made, nil
}

// flowMembers are what a verifier has to say in each flow (credentials 3.2).
var flowMembers = map[string][]string{
	FlowRedirect:  {"nonce", "client_id", "response_uri", "jwk_thumbprint"},
	FlowDCAPI:     {"nonce", "origin", "jwk_thumbprint"},
	FlowProximity: {"session_transcript"},
	FlowISO7B:     {"nonce", "client_id", "response_uri", "mdoc_generated_nonce"},
	FlowISO7C:     {"origin", "encryption_info"},
}

// Body is that of POST /v1/verify, ready for JSON. It asks for claims.
func (m *Made) Body() map[string]any {
	body := map[string]any{
		"vp_token": m.VPToken, "expect": m.Expect, "flow": m.Context.Flow, "include": []string{"claims"},
	}
	c := m.Context
	members := map[string]string{
		"nonce": c.Nonce, "client_id": c.ClientID, "response_uri": c.ResponseURI, "origin": c.Origin,
		"mdoc_generated_nonce": c.MdocGeneratedNonce, "encryption_info": c.EncryptionInfo,
		"jwk_thumbprint": URL64(c.JWKThumbprint), "session_transcript": URL64(m.SessionTranscript),
	}
	for _, name := range flowMembers[c.Flow] {
		if members[name] != "" {
			body[name] = members[name]
		}
	}
	if m.EMacKey != nil {
		body["emac_key"] = URL64(m.EMacKey)
	}
	if len(c.TransactionData) > 0 {
		body["transaction_data"] = c.TransactionData
	}
	return body
}

// remember keeps the entry of the credential last made for a sample.
func (w *World) remember(sample string, ref *Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.made, sample)
	if ref != nil {
		w.made[sample] = *ref
	}
}
