package api

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// batchAnswer holds, in the order of the request's items, answers and problems.
type batchAnswer struct {
	Items []any `json:"items"`
}

// itemProblem stands in the place of an item that could not be evaluated.
type itemProblem struct {
	Problem *Problem `json:"problem"`
}

// batch answers POST /v1/verify/batch. The items share one turn and are evaluated
// one after the other; what is wrong with one never touches another.
func (h *handler) batch(x *exchange) {
	body, from, release, p := x.body()
	if p != nil {
		x.problem(p)
		return
	}
	defer release()
	items, p := batchItems(body, from, h.o.Limits.Batch)
	if p == nil && h.rates != nil && len(items) > 1 {
		p = h.rates.take(x.client, len(items)-1) // the request itself has paid for one
	}
	if p != nil {
		x.problem(p)
		return
	}
	leave, p := h.gate.enter(x.ctx)
	if p != nil {
		x.problem(p)
		return
	}
	defer leave()
	out := batchAnswer{Items: make([]any, len(items))}
	for i, raw := range items {
		out.Items[i] = h.one(x, raw, from, item("/items", i))
	}
	x.answer(http.StatusOK, out)
}

func (h *handler) one(x *exchange, raw []byte, from *format, at string) (result any) {
	defer func() {
		if v := recover(); v != nil {
			x.panicked()
			result = itemProblem{NewProblem(InternalError, "the node failed at this item; it has been logged")}
		}
	}()
	tree, p := decodeTree(raw, from)
	if p != nil {
		p.Member = at + p.Member
		return itemProblem{p}
	}
	req, p := h.requestOf(tree, at)
	if p != nil {
		return itemProblem{p}
	}
	res, p := h.evaluate(x, req)
	if p != nil {
		return itemProblem{p}
	}
	return h.answerOf(res, x.id)
}

// batchItems splits {"items": […]} without looking into the items, so that a
// repeated member name or bad text in one leaves the others alone.
func batchItems(body []byte, from *format, limit int) (items [][]byte, p *Problem) {
	if len(body) == 0 {
		return nil, malformed("", "the body is empty")
	}
	if from == asCBOR {
		items, p = batchItemsCBOR(body)
	} else {
		items, p = batchItemsJSON(body, limit)
	}
	if p == nil && len(items) > limit {
		p = tooManyItems(limit)
	}
	return items, p
}

func tooManyItems(limit int) *Problem {
	return tooLarge("/items", "more than "+strconv.Itoa(limit)+" items; send several batches")
}

func batchItemsCBOR(body []byte) ([][]byte, *Problem) {
	var outer map[string]cbor.RawMessage
	if len(body) > 0 && body[0]>>5 != 5 {
		return nil, malformed("", "an object with the member items is needed")
	}
	if err := cborDecoding.Unmarshal(body, &outer); err != nil {
		return nil, malformedCBOR(err)
	}
	raw, ok := outer["items"]
	if p := onlyItems(len(outer), ok); p != nil {
		return nil, p
	}
	if raw[0]>>5 != 4 {
		return nil, malformed("/items", "an array is needed")
	}
	var list []cbor.RawMessage
	if err := cborDecoding.Unmarshal(raw, &list); err != nil {
		return nil, malformedCBOR(err)
	}
	items := make([][]byte, len(list))
	for i, m := range list {
		items[i] = m
	}
	return items, nil
}

func batchItemsJSON(body []byte, limit int) (items [][]byte, p *Problem) {
	// Names and text inside the items are checked when each item is decoded.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return nil, malformedJSON(err)
		}
		return nil, malformed("", "an object with the member items is needed")
	}
	_, _ = dec.ReadToken()
	members, found := 0, false
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, malformedJSON(err)
		}
		members++
		if name.String() == "items" && found {
			return nil, malformed("/items", "a member name occurs twice")
		}
		if name.String() != "items" {
			if _, err := dec.ReadValue(); err != nil {
				return nil, malformedJSON(err)
			}
			continue
		}
		found = true
		if items, p = jsonItems(dec, limit); p != nil {
			return nil, p
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, malformedJSON(err)
	}
	if dec.PeekKind() != 0 || dec.InputOffset() != int64(len(bytes.TrimRight(body, " \t\r\n"))) {
		return nil, malformed("", "something follows the JSON document")
	}
	return items, onlyItems(members, found)
}

func jsonItems(dec *jsontext.Decoder, limit int) (items [][]byte, p *Problem) {
	if dec.PeekKind() != '[' {
		if _, err := dec.ReadValue(); err != nil {
			return nil, malformedJSON(err)
		}
		return nil, malformed("/items", "an array is needed")
	}
	_, _ = dec.ReadToken()
	for dec.PeekKind() != ']' {
		if len(items) == limit {
			return nil, tooManyItems(limit)
		}
		v, err := dec.ReadValue()
		if err != nil {
			return nil, malformedJSON(err)
		}
		items = append(items, bytes.Clone(v))
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, malformedJSON(err)
	}
	return items, nil
}

func onlyItems(members int, found bool) *Problem {
	switch {
	case !found:
		return malformed("/items", "an array of requests is needed")
	case members > 1:
		return malformed("", "an unknown member beside items")
	default:
		return nil
	}
}
