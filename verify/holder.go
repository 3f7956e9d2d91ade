package verify

import (
	"strings"

	"github.com/edgetrust/edgetrust/verify/mdoc"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// audience is what a KB-JWT's aud must equal (OpenID4VP 1.0 sections 5.9 and
// A.4): the whole client_id, or origin: and the origin over the Digital
// Credentials API.
func audience(r *Request) string {
	switch {
	case r.Flow == FlowDCAPI && r.Origin != "":
		return "origin:" + r.Origin
	case r.Flow == FlowRedirect || r.Flow == FlowISO7B:
		return r.ClientID
	case r.Flow == FlowISO7C:
		return r.Origin
	default:
		return ""
	}
}

// The inputs that a binding may need; an empty one counts as absent.
var (
	needNonce    = need{"nonce", func(r *Request) bool { return r.Nonce != "" }}
	needClientID = need{"client_id", func(r *Request) bool { return r.ClientID != "" }}
	needOrigin   = need{"origin", func(r *Request) bool { return r.Origin != "" }}
	needURI      = need{"response_uri", func(r *Request) bool { return r.ResponseURI != "" }}
	needMdoc     = need{"mdoc_generated_nonce", func(r *Request) bool { return r.MdocGeneratedNonce != "" }}
	needEncInfo  = need{"encryption_info", func(r *Request) bool { return r.EncryptionInfo != "" }}
	needAudience = need{"client_id (flow redirect) or origin (flow dc_api)", func(r *Request) bool { return audience(r) != "" }}
)

type need struct {
	member string
	given  func(*Request) bool
}

// need refuses with the names of the members that are missing.
func (c *check) need(needs ...need) error {
	var missing []string
	for _, n := range needs {
		if !n.given(c.req) {
			missing = append(missing, n.member)
		}
	}
	if missing == nil {
		return nil
	}
	return reason.Refuse(reason.RequestContextIncomplete, "to check who the presentation is for in this flow, send %s", strings.Join(missing, ", "))
}

// transcript builds the one SessionTranscript of the flow named (credentials
// 2.3). Trying several until one verifies would hide a downgrade.
func (c *check) transcript() ([]byte, error) {
	r := c.req
	switch r.Flow {
	case FlowRedirect:
		if err := c.need(needNonce, needClientID, needURI); err != nil {
			return nil, err
		}
		return mdoc.TranscriptRedirect(r.ClientID, r.Nonce, r.JWKThumbprint, r.ResponseURI), nil
	case FlowDCAPI:
		if err := c.need(needNonce, needOrigin); err != nil {
			return nil, err
		}
		return mdoc.TranscriptDCAPI(r.Origin, r.Nonce, r.JWKThumbprint), nil
	case FlowISO7B:
		if err := c.need(needNonce, needClientID, needURI, needMdoc); err != nil {
			return nil, err
		}
		return mdoc.TranscriptAnnexB(r.ClientID, r.ResponseURI, r.MdocGeneratedNonce, r.Nonce), nil
	case FlowISO7C:
		if err := c.need(needEncInfo, needOrigin); err != nil {
			return nil, err
		}
		return mdoc.TranscriptAnnexC(r.EncryptionInfo, r.Origin), nil
	case FlowProximity:
		if len(r.SessionTranscript) == 0 {
			return nil, reason.Refuse(reason.SessionTranscriptMissing, "send session_transcript, the CBOR array of three elements")
		}
		if mdoc.CheckTranscript(r.SessionTranscript) != nil {
			return nil, reason.Refuse(reason.SessionTranscriptMissing, "session_transcript is not the CBOR array of three elements; send it without tag 24")
		}
		return r.SessionTranscript, nil
	default:
		return nil, reason.Refuse(reason.RequestContextIncomplete, "send flow")
	}
}

// binding is step 7. Whether it is required follows from the policy and the
// query, the stricter of the two, and never from what was presented.
func (c *check) binding(f *finding, w wanted, p presented) error {
	byQuery := w.query != nil && w.query.NeedsHolderBinding()
	mode := c.req.Policy.HolderBinding
	f.HolderBinding = &HolderBinding{Method: "none"}
	switch {
	case mode == Forbidden && p.bound():
		return reason.Refuse(reason.KBUnexpected, "the policy demands a bare credential")
	case !p.bound() && byQuery && mode != Required:
		return reason.Refuse(reason.VPHolderBindingMissing, "the query asks for holder binding and the presentation has none")
	case !byQuery && mode != Required && (mode != IfPresent || !p.bound()):
		return nil
	}
	method, err := p.bind(c)
	f.HolderBinding = &HolderBinding{Method: method, Verified: err == nil}
	return err
}
