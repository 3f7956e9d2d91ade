package verifytest

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// recipe says how a sample is made.
type recipe struct {
	Sample
	by     string // id of the authority whose keys sign
	typ    string // vct or docType
	expect string // the type the verifier asks for; "": typ

	status   byte   // value of the credential's entry
	statusBy string // whose list it is in; "": by
	form     string // of that list; "": that of the format
	noStatus bool

	mac         bool // bound by a MAC
	withholdMAC bool // and the verifier is not told its key
	transaction bool // the request has transaction data

	issue       func(*maker, *SDJWTOptions)
	present     func(*maker, *Presentation)
	issueMdoc   func(*maker, *MdocOptions)
	presentMdoc func(*maker, *MdocPresentation)
}

// maker makes one sample.
type maker struct {
	w    *World
	r    recipe
	c    Context
	now  time.Time
	made *Made

	id     string // in vp_token
	reader *Reader
}

// context completes what the relying party asked.
func (k *maker) context(c Context) (err error) {
	if k.r.mac {
		if k.reader, err = NewReader(); err != nil {
			return err
		}
		if c.Flow == FlowProximity && c.SessionTranscript == nil {
			if c.SessionTranscript, err = proximityTranscript(k.reader); err != nil {
				return err
			}
		}
	}
	if k.c, err = c.WithDefaults(); err != nil {
		return err
	}
	if k.c.StatusBase == "" {
		k.c.StatusBase = k.w.StatusBase
	}
	k.id = queryIDs[k.r.typ]
	if k.id == "" {
		k.id = "pid"
	}
	return k.transactionData()
}

// queryIDs are the names under which credentials stand in vp_token.
var queryIDs = map[string]string{TypeMDL: "mdl", TypeMembership: "membership", TypePayment: "payment", TypeResidence: "residence", TypeDiploma: "diploma"}

// transactionData is the caller's, where it gave some, whose first entry then
// names the query; else a payment.
func (k *maker) transactionData() error {
	switch {
	case !k.r.transaction:
		k.c.TransactionData = nil
	case len(k.c.TransactionData) == 0:
		b, err := json.Marshal(map[string]any{
			"type": "urn:example:payment-confirmation:1", "credential_ids": []string{k.id},
			"transaction_data_hashes_alg": []string{"sha-256"},
			"payload":                     map[string]any{"payee": "Demo Bookshop", "amount": "23.50", "currency": "EUR"},
		})
		k.c.TransactionData = []string{URL64(b)}
		return err
	default:
		b, err := base64.RawURLEncoding.DecodeString(k.c.TransactionData[0])
		var data struct {
			IDs []string `json:"credential_ids"`
		}
		if err != nil || json.Unmarshal(b, &data) != nil || len(data.IDs) == 0 {
			return fmt.Errorf("transaction_data is not base64url of objects with credential_ids")
		}
		k.id = data.IDs[0]
	}
	return nil
}

// statusRef allocates the credential's entry.
func (k *maker) statusRef(form string) (*Ref, error) {
	if k.r.noStatus {
		return nil, nil
	}
	by := k.r.statusBy
	if by == "" {
		by = k.r.by
	}
	if k.r.form != "" {
		form = k.r.form
	}
	ref, err := k.w.statusAt(k.c.StatusBase, k.w.Authority(by), form, k.r.status)
	return &ref, err
}

func (k *maker) sdjwt() (string, error) {
	a := k.w.Authority(k.r.by)
	o, err := k.w.SDJWT(a, k.r.typ, k.now)
	if err != nil {
		return "", err
	}
	if o.Status, err = k.statusRef(FormJWT); err != nil {
		return "", err
	}
	if k.r.issue != nil {
		k.r.issue(k, &o)
	}
	k.made.Status = o.Status
	cred, err := a.IssueSDJWT(o)
	if err != nil {
		return "", err
	}
	p := Presentation{
		Nonce: k.c.Nonce, Audience: k.c.Audience(), IssuedAt: k.now,
		Disclose: pidRequested, TransactionData: k.c.TransactionData,
	}
	if !isPID(k.r.typ) {
		p.Disclose = nil
	}
	if k.r.present != nil {
		k.r.present(k, &p)
	}
	return cred.Present(p)
}

func (k *maker) mdoc() (string, error) {
	a := k.w.Authority(k.r.by)
	o, err := k.w.Mdoc(a, k.r.typ, k.now)
	if err != nil {
		return "", err
	}
	if o.Status, err = k.statusRef(FormCWT); err != nil {
		return "", err
	}
	if k.r.issueMdoc != nil {
		k.r.issueMdoc(k, &o)
	}
	k.made.Status = o.Status
	cred, err := a.IssueMdoc(o)
	if err != nil {
		return "", err
	}
	p := MdocPresentation{Disclose: mdocRequested}
	if p.Transcript, err = k.c.Transcript(); err != nil {
		return "", err
	}
	if k.r.presentMdoc != nil {
		k.r.presentMdoc(k, &p)
	}
	if p.Reader, err = k.readerKey(); err != nil {
		return "", err
	}
	if p.Reader != nil && !k.r.withholdMAC {
		if k.made.EMacKey, err = k.reader.EMacKey(&cred.Holder.PublicKey, p.Transcript); err != nil {
			return "", err
		}
	}
	b, err := cred.Present(p)
	return URL64(b), err
}

func (k *maker) readerKey() (*ecdh.PublicKey, error) {
	if k.reader == nil {
		return nil, nil
	}
	return k.reader.Public()
}
