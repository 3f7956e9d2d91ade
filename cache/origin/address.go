package origin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ErrNotPublic says that an address is none of the public internet's: whoever
// chooses a list's URL, or the answers of its name server, must not be able to
// reach what only this node can reach.
var ErrNotPublic = errors.New("the address is not public: if it is meant, set allow_insecure on this source, or allow_private on its trust.rewrite rule")

// special are the ranges that are not public although they look it: the registries
// of special-purpose addresses (RFC 6890), and every form of IPv6 that carries an
// IPv4 address within. Of IPv6 only 2000::/3 is in use, so that what is outside
// (loopback, IPv4-mapped and -compatible, NAT64 64:ff9b::, unique and link-local,
// multicast) needs no row.
var special = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's NAT"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"}, // and the metadata service of clouds
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},           // and broadcast
	{netip.MustParsePrefix("2001::/23"), "protocol assignments"}, // Teredo 2001::/32 is the first of them
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
}

var globalUnicast = netip.MustParsePrefix("2000::/3")

// public refuses an address that is not public, with ErrNotPublic and what it is.
// An IPv4 address in IPv6 clothes is refused whatever it is: nobody publishes one.
func public(a netip.Addr) error {
	if !a.Is4() && !globalUnicast.Contains(a) {
		return fmt.Errorf("%w (%s)", ErrNotPublic, "not of the public IPv6 range 2000::/3")
	}
	for _, s := range special {
		if s.prefix.Contains(a) {
			return fmt.Errorf("%w (%s)", ErrNotPublic, s.what)
		}
	}
	return nil
}

// dialPublic is a net.Dialer's ControlContext: it sees each address that is really
// about to be connected to, after every resolution, so that a name that changes
// its mind between check and use gains nothing.
func dialPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w (no IP address)", ErrNotPublic)
	}
	return public(a.Addr())
}
