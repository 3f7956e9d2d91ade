package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// admit decides whether the request is looked at at all.
func (x *exchange) admit() *Problem {
	if early(x.r) {
		return NewProblem(TooEarly, "send it again once the handshake is complete")
	}
	if x.r.URL.Path == refreshPath && x.h.o.Refresh.Refresher != nil {
		return x.admitRefresh()
	}
	token, presented := bearer(x.r)
	digest := sha256.Sum256([]byte(token))
	known := presented && x.h.o.Auth.Tokens != nil && among(digest, x.h.o.Auth.Tokens())
	x.client = address(x.r)
	if known {
		x.client = "token " + string(digest[:])
	}
	if x.h.rates != nil {
		if p := x.h.rates.take(x.client, 1); p != nil {
			return p
		}
	}
	if x.h.o.Auth.Tokens != nil && !known {
		return Challenge(presented)
	}
	return nil
}

// Challenge is the 401 of a request with a wrong token or none.
func Challenge(presented bool) *Problem {
	p := NewProblem(Unauthorized, "send Authorization: Bearer with one of the tokens this node knows")
	p.challenge = `Bearer realm="edgetrust"`
	if presented {
		p.challenge += `, error="invalid_token"`
	}
	return p
}

// early says whether the request may be a replay: it does something, and it came
// as early data, here or at a proxy before us (RFC 8470). Documents may be read
// twice without harm.
func early(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	return r.TLS != nil && !r.TLS.HandshakeComplete || r.Header.Get("Early-Data") == "1"
}

func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// among compares with every digest in constant time, so that neither the value
// nor the place of a token shows.
func among(digest [sha256.Size]byte, known [][sha256.Size]byte) bool {
	found := 0
	for _, k := range known {
		found |= subtle.ConstantTimeCompare(digest[:], k[:])
	}
	return found == 1
}

// HasToken says whether the request carries one of the tokens.
func HasToken(r *http.Request, known [][sha256.Size]byte) (ok, presented bool) {
	token, presented := bearer(r)
	return presented && among(sha256.Sum256([]byte(token)), known), presented
}

// address is the client's address; an IPv6 client counts by his /64, because that
// is what one customer is given.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

// deadline bounds the request's time: by Request-Timeout if there is one, by the
// node's own limit in any case.
func (x *exchange) deadline() (context.CancelFunc, *Problem) {
	d := x.h.o.MaxDeadline
	if v := x.r.Header.Get("Request-Timeout"); v != "" {
		asked, ok := timeout(v)
		if !ok {
			return nil, NewProblem(MalformedRequest, "the Request-Timeout header is seconds (5, 0.5) or a duration (500ms)")
		}
		if asked < d {
			d, x.own = asked, true
		}
	}
	ctx, cancel := context.WithTimeout(x.ctx, d)
	x.ctx = ctx
	return cancel, nil
}

func timeout(v string) (time.Duration, bool) {
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if !(s > 0 && s <= 1e6) {
			return 0, false
		}
		return time.Duration(s * float64(time.Second)), true
	}
	d, err := time.ParseDuration(v)
	return d, err == nil && d > 0
}
