package identity_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

func TestHandshake(t *testing.T) {
	a := newAuthority(t)
	server := node(t, a, "edge-1", identitytest.Issue{DNS: []string{"hub.example"}})
	client := node(t, a, "edge-2", identitytest.Issue{})
	for _, name := range []string{"edge-1", "hub.example"} {
		if peers, atClient, atServer := handshake(client.Client(), server.Server(), name); atClient != nil || atServer != nil || peers != [2]string{"edge-1", "edge-2"} {
			t.Errorf("%v, %v, %q", atClient, atServer, peers)
		}
	}
}

// Both sides refuse who is not of the cluster, or not who is meant.
func TestStrangers(t *testing.T) {
	a, others := newAuthority(t), newAuthority(t)
	good := node(t, a, "edge-1", identitytest.Issue{})
	stranger := node(t, others, "edge-1", identitytest.Issue{})
	// credulous is a side that checks nothing.
	credulous := func(from *identitytest.Authority, name string, o identitytest.Issue) *tls.Config {
		issued, err := from.Issue(name, o)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{issued.TLS}, InsecureSkipVerify: true, ClientAuth: tls.RequestClientCert}
	}
	expired := identitytest.Issue{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(-time.Second)}
	for what, o := range map[string]*tls.Config{
		"of another cluster":        stranger.Server(),
		"of another cluster, naive": credulous(others, "edge-1", identitytest.Issue{}),
		"expired":                   credulous(a, "edge-1", expired),
		"not yet valid":             credulous(a, "edge-1", identitytest.Issue{NotBefore: time.Now().Add(time.Hour)}),
		"of another name":           credulous(a, "edge-9", identitytest.Issue{}),
		"only for clients":          credulous(a, "edge-1", identitytest.Issue{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}),
	} {
		if _, atClient, _ := handshake(good.Client(), o, "edge-1"); atClient == nil {
			t.Errorf("a server %s was accepted", what)
		}
	}
	for what, o := range map[string]*tls.Config{
		"of another cluster": credulous(others, "edge-2", identitytest.Issue{}),
		"expired":            credulous(a, "edge-2", expired),
		"only for servers":   credulous(a, "edge-2", identitytest.Issue{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}),
		"without one":        {InsecureSkipVerify: true},
		"of TLS 1.2":         {InsecureSkipVerify: true, Certificates: credulous(a, "edge-2", identitytest.Issue{}).Certificates, MaxVersion: tls.VersionTLS12},
	} {
		if _, _, atServer := handshake(o, good.Server(), "edge-1"); atServer == nil {
			t.Errorf("a client %s was accepted", what)
		}
	}
	if good.Refused() != 0 {
		t.Errorf("%d refused for their jurisdiction", good.Refused())
	}
}

// A name that is not set is no name that fits: an address is not found in the state.
func TestNoServerName(t *testing.T) {
	a := newAuthority(t)
	server := node(t, a, "edge-1", identitytest.Issue{IPs: []net.IP{net.IPv4(192, 0, 2, 1)}})
	client := node(t, a, "edge-2", identitytest.Issue{})
	if _, atClient, _ := handshake(client.Client(), server.Server(), "192.0.2.1"); atClient == nil {
		t.Error("a peer was accepted without its name having been looked at")
	}
	wrapped := client.Client()
	verify := wrapped.VerifyConnection
	for _, k := range []struct {
		addr string
		good bool
	}{{"192.0.2.1", true}, {"192.0.2.2", false}} {
		wrapped.VerifyConnection = func(cs tls.ConnectionState) error {
			cs.ServerName = k.addr
			return verify(cs)
		}
		if _, atClient, _ := handshake(wrapped, server.Server(), k.addr); (atClient == nil) != k.good {
			t.Errorf("%s: %v", k.addr, atClient)
		}
	}
}

// Each side refuses what is not allowed, says so, and counts it.
func TestResidency(t *testing.T) {
	a := newAuthority(t)
	eu := node(t, a, "edge-1", identitytest.Issue{Jurisdiction: "EU"}, "EU")
	for what, k := range map[string]struct {
		peer *identity.Identity
		good bool
	}{
		"the same":            {node(t, a, "edge-2", identitytest.Issue{Jurisdiction: "EU"}), true},
		"another":             {node(t, a, "edge-2", identitytest.Issue{Jurisdiction: "CH"}), false},
		"none":                {node(t, a, "edge-2", identitytest.Issue{}), false},
		"one that is not one": {node(t, a, "edge-2", identitytest.Issue{Jurisdiction: "eu"}), false},
	} {
		before := eu.Refused()
		_, atClient, atServer := handshake(eu.Client(), k.peer.Server(), "edge-2")
		if errors.Is(atClient, identity.ErrResidency) == k.good || k.good && atServer != nil {
			t.Errorf("%s, as a server: %v, %v", what, atClient, atServer)
		}
		_, atClient, atServer = handshake(k.peer.Client(), eu.Server(), "edge-1")
		if errors.Is(atServer, identity.ErrResidency) == k.good || (atClient == nil) != k.good {
			t.Errorf("%s, as a client: %v, %v", what, atClient, atServer)
		}
		if n := eu.Refused() - before; k.good && n != 0 || !k.good && n != 2 {
			t.Errorf("%s: %d refused", what, n)
		}
	}
	both := node(t, a, "edge-3", identitytest.Issue{Jurisdiction: "EU"}, "CH", "EU")
	if _, atClient, atServer := handshake(both.Client(), node(t, a, "edge-2", identitytest.Issue{Jurisdiction: "CH"}).Server(), "edge-2"); atClient != nil || atServer != nil {
		t.Errorf("the second of two: %v, %v", atClient, atServer)
	}
}

// A second after its end a peer is not accepted, though it was before.
func TestPeerExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		end := time.Now().Add(time.Hour)
		good, short := node(t, a, "edge-1", identitytest.Issue{}), node(t, a, "edge-2", identitytest.Issue{NotAfter: end})
		for _, k := range []struct {
			at   time.Time
			good bool
		}{{end.Add(-time.Second), true}, {end.Add(time.Second), false}} {
			time.Sleep(time.Until(k.at))
			if _, atClient, _ := handshake(good.Client(), short.Server(), "edge-2"); (atClient == nil) != k.good {
				t.Errorf("as a server: %v", atClient)
			}
			if _, _, atServer := handshake(short.Client(), good.Server(), "edge-1"); (atServer == nil) != k.good {
				t.Errorf("as a client: %v", atServer)
			}
		}
	})
}

// Who was accepted once has no ticket with which to be accepted unchecked.
func TestNoTickets(t *testing.T) {
	a := newAuthority(t)
	server, client := node(t, a, "edge-1", identitytest.Issue{}), node(t, a, "edge-2", identitytest.Issue{})
	config := client.Client()
	cache := &tickets{}
	config.ClientSessionCache = cache
	for range 2 {
		if _, atClient, _ := handshake(config, server.Server(), "edge-1"); atClient != nil {
			t.Fatal(atClient)
		}
	}
	if cache.got > 0 {
		t.Errorf("%d tickets", cache.got)
	}
}

type tickets struct{ got int }

func (t *tickets) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (t *tickets) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		t.got++
	}
}

// The error says as what the peer was known.
func TestErrorNamesThePeer(t *testing.T) {
	a := newAuthority(t)
	eu, ch := node(t, a, "edge-1", identitytest.Issue{Jurisdiction: "EU"}, "EU"), node(t, a, "edge-2", identitytest.Issue{Jurisdiction: "CH"})
	_, atClient, _ := handshake(eu.Client(), ch.Server(), "edge-2")
	if atClient == nil || !strings.Contains(atClient.Error(), `"edge-2" is of "CH"`) {
		t.Error(atClient)
	}
}
