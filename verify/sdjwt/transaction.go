package sdjwt

import (
	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// The KB-JWT's members for transaction data. The second is also the member of a
// request's item that lists the algorithms the wallet may choose from.
const (
	hashesClaim  = "transaction_data_hashes"
	hashAlgClaim = "transaction_data_hashes_alg"
)

// CheckTransactionData checks that the KB-JWT binds exactly the transaction_data
// strings that were sent for this credential: the hash of each string as sent, in
// any order, and no other (OpenID4VP 1.0 sections 5.1 and 8.4, appendix B.3.3).
// Hashes where nothing was sent are refused as well: the holder agreed to
// something the caller does not know of. Call it after CheckBinding succeeded; a
// KB-JWT not verified binds nothing. Codes: transaction_data_missing,
// transaction_data_hash_mismatch, request_context_incomplete for an item of the
// request that cannot be read, input_too_large.
func (c *Credential) CheckTransactionData(data []string) error {
	v, bound := c.kb[hashesClaim]
	if len(data) == 0 && !bound {
		return nil
	}
	if !bound {
		return reason.Refuse(reason.TransactionDataMissing, "no verified KB-JWT with transaction_data_hashes")
	}
	if len(data) > maxTransactionData {
		return reason.Refuse(reason.InputTooLarge, "more than %d transaction_data strings", maxTransactionData)
	}
	hash, err := c.transactionHash(data)
	if err != nil {
		return err
	}
	hashes, ok := v.([]any)
	if !ok || len(hashes) != len(data) {
		return reason.Refuse(reason.TransactionDataHashMismatch, "the KB-JWT binds another number of transaction data")
	}
	taken := make([]bool, len(hashes))
	for _, s := range data {
		if !takeHash(hashes, taken, hash.digest([]byte(s))) {
			return reason.Refuse(reason.TransactionDataHashMismatch, "the KB-JWT does not bind the transaction data that was sent")
		}
	}
	return nil
}

// takeHash finds want among the hashes not taken yet.
func takeHash(hashes []any, taken []bool, want string) bool {
	for i, v := range hashes {
		if s, ok := v.(string); ok && !taken[i] && equal(s, want) {
			taken[i] = true
			return true
		}
	}
	return false
}

// transactionHash returns the algorithm of the hashes: one that every item with a
// list allows, and named in the KB-JWT when there is a list.
func (c *Credential) transactionHash(data []string) (hashName, error) {
	hash := defaultHash
	v, named := c.kb[hashAlgClaim]
	if named {
		name, _ := v.(string)
		hash = hashName(name)
	}
	if !hash.supported() {
		return "", reason.Refuse(reason.TransactionDataHashMismatch, "transaction_data_hashes_alg is not sha-256, sha-384 or sha-512")
	}
	for _, s := range data {
		listed, allowed, err := itemAllows(s, hash)
		switch {
		case err != nil:
			return "", err
		case listed && !named:
			return "", reason.Refuse(reason.TransactionDataHashMismatch, "the KB-JWT lacks transaction_data_hashes_alg, which the request listed")
		case listed && !allowed:
			return "", reason.Refuse(reason.TransactionDataHashMismatch, "transaction_data_hashes_alg is not among those the request listed")
		}
	}
	return hash, nil
}

// itemAllows reads the algorithms that one item of the request lists, if it does.
func itemAllows(item string, hash hashName) (listed, allowed bool, err error) {
	raw, err := b64.URL(item)
	if err != nil {
		return false, false, errItem()
	}
	object, err := strictjson.Object(raw)
	if err != nil {
		return false, false, errItem()
	}
	v, listed := object[hashAlgClaim]
	if !listed {
		return false, false, nil
	}
	algs, ok := v.([]any)
	if !ok || len(algs) == 0 {
		return false, false, errItem()
	}
	for _, alg := range algs {
		name, ok := alg.(string)
		if !ok {
			return false, false, errItem()
		}
		allowed = allowed || hashName(name) == hash
	}
	return true, allowed, nil
}

func errItem() error {
	return reason.Refuse(reason.RequestContextIncomplete, "send transaction_data as in the request: base64url of JSON objects; transaction_data_hashes_alg, where given, lists names")
}
