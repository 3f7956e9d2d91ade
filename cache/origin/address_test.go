package origin

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// The first and last address of each range is refused, their neighbours outside are
// not; what carries an IPv4 address in IPv6 is refused, a public one, too.
func TestPublic(t *testing.T) {
	for _, c := range []struct{ refused, public string }{
		{"0.0.0.0 0.255.255.255", "1.0.0.0"},
		{"10.0.0.0 10.255.255.255", "9.255.255.255 11.0.0.0"},
		{"100.64.0.0 100.127.255.255", "100.63.255.255 100.128.0.0"},
		{"127.0.0.0 127.0.0.1 127.255.255.255", "126.255.255.255 128.0.0.0"},
		{"169.254.0.0 169.254.169.254 169.254.255.255", "169.253.255.255 169.255.0.0"},
		{"172.16.0.0 172.31.255.255", "172.15.255.255 172.32.0.0"},
		{"192.0.0.0 192.0.0.255", "191.255.255.255 192.0.1.0"},
		{"192.0.2.0 192.0.2.255", "192.0.3.0"},
		{"192.88.99.0 192.88.99.255", "192.88.98.255 192.88.100.0"},
		{"192.168.0.0 192.168.255.255", "192.167.255.255 192.169.0.0"},
		{"198.18.0.0 198.19.255.255", "198.17.255.255 198.20.0.0"},
		{"198.51.100.0 198.51.100.255", "198.51.99.255 198.51.101.0"},
		{"203.0.113.0 203.0.113.255", "203.0.112.255 203.0.114.0"},
		{"224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255", "223.255.255.255"},
		{":: ::1 ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:8.8.8.8", ""},
		{"64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1", ""},
		{"1fff:ffff:: 4000::", "2400:: 3ffe::"},
		{"2001::1 2001:0:7f00:1:: 2001:1ff:ffff::", "2001:200::"},
		{"2001:db8:: 2001:db8:ffff:ffff::", "2001:db7:: 2001:db9::"},
		{"2002:: 2002:7f00:1:: 2002:ffff:ffff::", "2001:ffff:: 2003::"},
		{"3fff:: 3fff:fff:ffff::", "3ffe:ffff:: 3fff:1000::"},
		{"fc00:: fdff:ffff:: fe80::1 fe80::1%eth0 febf:: fec0:: feff:: ff00:: ff02::1", ""},
		{"2003::1%eth0", ""},
	} {
		for _, a := range strings.Fields(c.refused) {
			if err := public(netip.MustParseAddr(a)); !errors.Is(err, ErrNotPublic) {
				t.Errorf("%s: %v", a, err)
			}
		}
		for _, a := range strings.Fields(c.public) {
			if err := public(netip.MustParseAddr(a)); err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
	}
	if err := public(netip.Addr{}); !errors.Is(err, ErrNotPublic) {
		t.Errorf("no address: %v", err)
	}
}
