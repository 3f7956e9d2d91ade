package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

type explainCommand struct {
	File   string `arg:"" help:"Body of a POST /v1/verify; - is the standard input."`
	Config string `placeholder:"F" help:"Configuration of a node, to see which of its lists would hold the anchor."`
}

// explained is one presentation, and where its anchor would be.
type explained struct {
	verify.Explanation
	Lists []holder `json:"lists,omitempty"`
}

// Run explains every presentation of the request. It sends none of it anywhere.
func (c *explainCommand) Run(r *run) error {
	body, err := readRequest(r.streams, c.File)
	if err != nil {
		return err
	}
	req, err := requestOf(body)
	if err != nil {
		return err
	}
	var cfg *config.Config
	var o verify.Options
	if c.Config != "" {
		if cfg, err = config.Load(c.Config); err != nil {
			return &usageError{text: "--config: " + err.Error()}
		}
		o.Kinds, o.Limits = cfg.Trust.Kinds, cfg.Limits.VerifyLimits()
	}
	v, err := verify.New(o)
	if err != nil {
		return err
	}
	var list []explained
	for _, e := range v.ExplainRequest(req) {
		list = append(list, explained{Explanation: e})
	}
	if len(list) == 0 {
		return &usageError{text: named(c.File) + ": vp_token holds no presentation", hint: `"vp_token": {"pid": ["…"]}`}
	}
	switch {
	case cfg != nil:
		for i := range list {
			list[i].Lists = configured(cfg, list[i].Explanation)
		}
	case r.Node != "":
		held, err := r.followed()
		if err != nil {
			return err
		}
		for i := range list {
			list[i].Lists = heldBy(held, list[i].Explanation)
		}
	default:
		r.hint("--config F or --node URL says which of a node's lists would hold the anchor")
	}
	if r.json {
		return printJSON(r.out, map[string]any{"presentations": list})
	}
	p := &page{}
	for i, e := range list {
		if i > 0 {
			p.WriteString("\n")
		}
		p.explained(e, cfg != nil)
	}
	return p.print(r.out)
}

// requestOf reads as much of a request as an explanation needs, and is not strict
// with the rest: the node is.
func requestOf(body []byte) (*verify.Request, error) {
	var in struct {
		VPToken            map[string][]string `json:"vp_token"`
		Flow               verify.Flow         `json:"flow"`
		Nonce              string              `json:"nonce"`
		ClientID           string              `json:"client_id"`
		ResponseURI        string              `json:"response_uri"`
		Origin             string              `json:"origin"`
		MdocGeneratedNonce string              `json:"mdoc_generated_nonce"`
		EncryptionInfo     string              `json:"encryption_info"`
		SessionTranscript  string              `json:"session_transcript"`
		EMacKey            string              `json:"emac_key"`
		Query              *dcql.Query         `json:"dcql_query"`
		Expect             map[string]struct {
			Kind  trustlist.Kind `json:"kind"`
			Types []string       `json:"types"`
		} `json:"expect"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, notVerifyBody(err)
	}
	req := &verify.Request{
		VPToken: in.VPToken, Flow: in.Flow, Nonce: in.Nonce, ClientID: in.ClientID, ResponseURI: in.ResponseURI, Origin: in.Origin,
		MdocGeneratedNonce: in.MdocGeneratedNonce, EncryptionInfo: in.EncryptionInfo, Query: in.Query,
		Expect: map[string]verify.Expect{}, Policy: verify.DefaultPolicy(),
	}
	for _, b := range []struct {
		name, text string
		to         *[]byte
	}{{"session_transcript", in.SessionTranscript, &req.SessionTranscript}, {"emac_key", in.EMacKey, &req.EMacKey}} {
		decoded, err := base64.RawURLEncoding.DecodeString(b.text)
		if err != nil {
			return nil, &usageError{text: "/" + b.name + ": base64url without padding is needed"}
		}
		*b.to = decoded
	}
	for id, e := range in.Expect {
		req.Expect[id] = verify.Expect{Kind: e.Kind, Types: e.Types}
	}
	return req, nil
}

// notVerifyBody names the member of a wrong type, never its value.
func notVerifyBody(err error) error {
	text := "not the body of a POST /v1/verify"
	if wrong, ok := err.(*json.UnmarshalTypeError); ok && wrong.Field != "" {
		text += ": /" + strings.ReplaceAll(wrong.Field, ".", "/") + " is of another type than it should be"
	}
	return &usageError{text: text, hint: `{"vp_token": {"pid": ["…"]}, "flow": "redirect", …}`}
}
