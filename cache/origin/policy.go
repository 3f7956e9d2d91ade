package origin

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

var errCredentials = errors.New("the URL holds credentials: take them out, lists are public")

// policy says where a request may go.
type policy struct {
	insecure bool // http, too
	private  bool // any address
	anyPort  bool // else 443 alone, or 80 and 443 if insecure, as for URLs that stand in somebody's list
}

// policyOf is what a target permits of itself.
func policyOf(t Target) policy {
	p := policy{insecure: t.AllowInsecure || t.Plain, private: t.AllowInsecure || t.AllowPrivate}
	p.anyPort = !t.Learned || p.private
	return p
}

// check refuses a URL before anything is resolved. The address that its name turns
// out to have is checked when it is dialled; see dialPublic.
func (p policy) check(u *url.URL) error {
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !p.insecure):
		return fmt.Errorf("scheme %q is not allowed: use https, allow_insecure on the source in a lab, or trust.rewrite to fetch it from elsewhere", u.Scheme)
	case u.User != nil:
		return errCredentials
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("the URL names no host")
	case !p.allowsPort(u.Port()) && p.insecure:
		return errors.New("a URL that stands in a certificate or list may use ports 80 and 443 only: use trust.rewrite to fetch it from elsewhere")
	case !p.allowsPort(u.Port()):
		return errors.New("a URL that stands in a list may use port 443 only: use trust.rewrite to fetch it from elsewhere") // trust lists 7.3
	}
	return p.checkHost(u.Hostname())
}

func (p policy) allowsPort(port string) bool {
	return p.anyPort || port == "" || port == "443" || port == "80" && p.insecure
}

// checkHost refuses hosts that need no resolution to be told: through a proxy
// nothing else here sees them. An IPv4 address is one only in its usual spelling;
// whatever else ends in a number (2130706433, 0x7f.1, 0177.0.0.1) is taken for an
// address by some resolvers and for a name by others.
func (p policy) checkHost(host string) error {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		if p.private {
			return nil
		}
		return public(a)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case strings.ContainsFunc(host, func(r rune) bool { return r > '~' || r <= ' ' || r == '%' }):
		return errors.New("the host is not plain ASCII: write a name as xn--…")
	case last == "" || isNumber(last):
		return errors.New("the host is neither a name nor an IP address in its usual spelling")
	case last == "localhost" && !p.private:
		return fmt.Errorf("%w (loopback)", ErrNotPublic)
	}
	return nil
}

// isNumber is the rule by which a URL's host "ends in a number": decimal or octal
// digits, or 0x and hexadecimal ones (WHATWG URL, 3.5).
func isNumber(label string) bool {
	digits := "0123456789"
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		label, digits = hex, "0123456789abcdef"
	}
	return strings.Trim(label, digits) == ""
}
