package api

import (
	"context"
	"net/http"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// verify answers POST /v1/verify: decode and bound, wait for a turn, evaluate,
// encode.
func (h *handler) verify(x *exchange) {
	body, from, release, p := x.body()
	if p != nil {
		x.problem(p)
		return
	}
	defer release()
	tree, p := decodeTree(body, from)
	if p != nil {
		x.problem(p)
		return
	}
	req, p := h.requestOf(tree, "")
	if p != nil {
		x.problem(p)
		return
	}
	res, p := h.inTurn(x, req)
	if p != nil {
		x.problem(p)
		return
	}
	x.answer(http.StatusOK, h.answerOf(res, x.id))
}

func (h *handler) inTurn(x *exchange, req *verify.Request) (*verify.Result, *Problem) {
	leave, p := h.gate.enter(x.ctx)
	if p != nil {
		return nil, p
	}
	defer leave() // after a panic, too
	return h.evaluate(x, req)
}

// evaluate asks the engine, within the deadline.
func (h *handler) evaluate(x *exchange, req *verify.Request) (*verify.Result, *Problem) {
	if x.ctx.Err() != nil {
		return nil, late()
	}
	begin := time.Now()
	res := h.o.Engine.Verify(context.WithValue(x.ctx, gateKey{}, h.gate), req)
	if x.ctx.Err() != nil {
		return nil, late()
	}
	if res == nil {
		return nil, NewProblem(InternalError, "the evaluation came to no result")
	}
	x.seen.Evaluated = append(x.seen.Evaluated, evaluated(res, time.Since(begin)))
	return res, nil
}

// late is the problem of a request that ran out of time.
func late() *Problem {
	return NewProblem(DeadlineExceeded, "the answer was not ready in time; allow more with the Request-Timeout header, or try another node")
}

// evaluated takes from a result what may be counted. It holds nothing of the
// presentation.
func evaluated(res *verify.Result, d time.Duration) Evaluated {
	e := Evaluated{Verdict: res.Verdict, Duration: d}
	add := func(rs []verify.Reason) {
		for _, r := range rs {
			e.Codes = append(e.Codes, r.Code)
		}
	}
	add(res.Reasons)
	for _, c := range res.Credentials {
		e.Formats = append(e.Formats, c.Format)
		add(c.Reasons)
	}
	return e
}

// Observation is one exchange, for metrics. It holds nothing of a presentation.
type Observation struct {
	Endpoint  string // verify, verify_batch, lists, anchors, artefacts, status_lists, refresh, events, info, codes, openapi, or other
	Protocol  string // HTTP/1.1, HTTP/2.0 or HTTP/3.0
	Status    int
	Problem   string // the problem's code; "" when there was none
	Duration  time.Duration
	Evaluated []Evaluated // one per presentation that was evaluated
}

// Evaluated is one evaluation within an exchange.
type Evaluated struct {
	Verdict  verify.Verdict
	Formats  []string      // of its credentials
	Codes    []reason.Code // of its reasons, those of its credentials included
	Duration time.Duration // of the evaluation alone
}
