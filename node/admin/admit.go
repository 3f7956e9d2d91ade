package admin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/node/api"
)

// admit decides whether the request is looked at. A browser is never the caller:
// one that was sent here by a page says so in Origin, or calls the node by a name
// that is not its own (DNS rebinding).
func (h *handler) admit(r *http.Request, open bool) *api.Problem {
	if r.Header.Get("Origin") != "" {
		return api.NewProblem(api.Forbidden, "requests from web pages are refused")
	}
	if open && r.Method != http.MethodPost {
		return nil
	}
	if !h.mine(r.Host) {
		return api.NewProblem(api.Forbidden, "call this listener by its address, by localhost, or by the node's name")
	}
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	if h.o.Tokens == nil {
		switch {
		case changes:
			return api.NewProblem(api.Forbidden, "this needs a token, and none is configured; set admin.token_file")
		case !h.o.Loopback:
			return api.NewProblem(api.Forbidden, "off loopback this needs a token, and none is configured; set admin.token_file")
		}
		return nil
	}
	ok, presented := api.HasToken(r, h.o.Tokens())
	if ok || h.o.Loopback && !changes {
		return nil
	}
	return api.Challenge(presented)
}

func (h *handler) mine(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(h.o.Hosts, func(name string) bool { return strings.EqualFold(name, host) && host != "" })
}
