package statuslist

import (
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Limits of an aggregation.
const (
	MaxAggregation      = 8 << 20 // bytes
	MaxAggregationLists = 65_536  // entries
)

// MediaTypeAggregation is what an aggregation is served as (section 9.2).
const MediaTypeAggregation = "application/json"

// Aggregation is a list of status lists (section 9.2). Nobody signs it.
type Aggregation struct {
	Lists []string // URIs
	Bad   int      // entries that are no URI of 1 to 2048 bytes, which stop no other
}

// ParseAggregation reads an aggregation: a JSON object with the array status_lists.
// Codes: status_aggregation_malformed, status_list_too_large.
func ParseAggregation(b []byte) (*Aggregation, error) {
	if len(b) > MaxAggregation {
		return nil, tooLarge(MaxAggregation, "of a list of status lists")
	}
	m, err := strictjson.Object(b)
	if err != nil {
		return nil, reason.Refuse(reason.StatusAggregationMalformed, "%v", err)
	}
	lists, ok := m["status_lists"].([]any)
	if !ok {
		return nil, reason.Refuse(reason.StatusAggregationMalformed, "status_lists is not an array")
	}
	if len(lists) > MaxAggregationLists {
		return nil, reason.Refuse(reason.StatusListTooLarge, "more than %d status lists", MaxAggregationLists)
	}
	a := &Aggregation{}
	for _, e := range lists {
		if uri, ok := e.(string); ok && validURI(uri) {
			a.Lists = append(a.Lists, uri)
		} else {
			a.Bad++
		}
	}
	return a, nil
}
