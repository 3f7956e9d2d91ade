package verify

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// transactionData is one entry of transaction_data (OpenID4VP 1.0 sections 5.1
// and 8.4).
type transactionData struct {
	raw           string // as sent
	credentialIDs []string

	examined int  // credentials that were asked for their binding of it
	bound    bool // by one of them
}

// ParseTransactionData checks the form of one entry: base64url of a JSON object
// with type and credential_ids. It returns the ids of the queries that may bind
// it.
func ParseTransactionData(raw string) (credentialIDs []string, err error) {
	malformed := reason.Refuse(reason.RequestContextIncomplete, "transaction_data holds something other than base64url of an object with type and credential_ids")
	b, err := b64.URL(raw)
	if err != nil {
		return nil, malformed
	}
	m, err := strictjson.Object(b)
	if err != nil {
		return nil, malformed
	}
	typ, _ := m["type"].(string)
	ids, _ := m["credential_ids"].([]any)
	for _, id := range ids {
		s, ok := id.(string)
		if !ok {
			return nil, malformed
		}
		credentialIDs = append(credentialIDs, s)
	}
	if typ == "" || len(credentialIDs) == 0 {
		return nil, malformed
	}
	return credentialIDs, nil
}

// transactions reads the request's transaction data.
func (c *check) transactions() {
	for _, raw := range c.req.TransactionData {
		ids, err := ParseTransactionData(raw)
		if err != nil {
			c.res.Reasons = append(c.res.Reasons, toReason(err))
			continue
		}
		c.transaction = append(c.transaction, transactionData{raw: raw, credentialIDs: ids})
	}
}

// bindsTransactions checks that the credential under id binds what names it. An
// entry that several presented credentials could bind needs one of them; answer
// looks after those that none did.
func (c *check) bindsTransactions(id string, kind trustlist.Kind, p presented) error {
	var data []string
	shared := true
	for i := range c.transaction {
		if t := &c.transaction[i]; slices.Contains(t.credentialIDs, id) {
			t.examined++
			data = append(data, t.raw)
			shared = shared && c.presentedAmong(t.credentialIDs) > 1
		}
	}
	if data == nil {
		return nil
	}
	if kind == trustlist.KindPID {
		return reason.Refuse(reason.TransactionDataNotAllowed, "a PID signs no transaction data (PID Rulebook 1.7 section 5)")
	}
	err := p.transactionData(data)
	if err != nil && shared && reason.CodeOf(err) == reason.TransactionDataMissing {
		return nil
	}
	if err == nil {
		for i := range c.transaction {
			t := &c.transaction[i]
			t.bound = t.bound || slices.Contains(t.credentialIDs, id)
		}
	}
	return err
}

func (c *check) presentedAmong(ids []string) (n int) {
	for _, id := range ids {
		if len(c.req.VPToken[id]) > 0 {
			n++
		}
	}
	return n
}

// unexplained says whether it is a fault of the whole answer that none of its
// credentials binds t. It is not where one of them is invalid, which explains it; nor
// where one could not be checked so far, of which nothing is known.
func (c *check) unexplained(t transactionData) bool {
	presented := 0
	for _, cr := range c.res.Credentials {
		if !slices.Contains(t.credentialIDs, cr.ID) {
			continue
		}
		if cr.Verdict == Invalid {
			return false
		}
		presented++
	}
	return !t.bound && t.examined == presented
}
