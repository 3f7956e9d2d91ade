package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrResidency is why a connection to a peer of this cluster was refused: its certificate
// names a jurisdiction, or none, that is not in residency.allow.
var ErrResidency = errors.New("the peer's jurisdiction is not in residency.allow")

// Server is for what accepts connections: it demands a certificate of the cluster, of a
// jurisdiction that is allowed. It is for QUIC and for TCP alike; NextProtos is for the
// server to set. Each handshake uses the certificate and the authorities that are in use
// then, and there are no tickets, so that nobody gets round the checks. VerifyConnection
// may be asked of a connection that is open: what it says holds for now.
func (i *Identity) Server() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &i.now.Load().cert, nil },
		ClientAuth:             tls.RequireAnyClientCert, // which VerifyConnection judges
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			return i.accept(cs.PeerCertificates, x509.ExtKeyUsageClientAuth, "")
		},
	}
}

// Client is for what opens connections, and demands the same of the other side. Set
// ServerName to the name that the peer has to have. An IP address is not found in
// tls.ConnectionState: wrap VerifyConnection then, and hand it a state whose ServerName is
// that address.
func (i *Identity) Client() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &i.now.Load().cert, nil
		},
		InsecureSkipVerify: true, // against authorities that would stay the same; VerifyConnection judges
		VerifyConnection: func(cs tls.ConnectionState) error {
			if cs.ServerName == "" {
				return errors.New("failed to verify the peer: no server name is set")
			}
			return i.accept(cs.PeerCertificates, x509.ExtKeyUsageServerAuth, cs.ServerName)
		},
	}
}

// accept says whether a peer's certificates, its own first, are of the cluster, of the
// name (unless it is ""), and of an allowed jurisdiction.
func (i *Identity) accept(certs []*x509.Certificate, usage x509.ExtKeyUsage, name string) error {
	if len(certs) == 0 {
		return errors.New("the peer has shown no certificate")
	}
	err := i.now.Load().vouches(certs, usage, time.Now())
	if err == nil && name != "" {
		err = certs[0].VerifyHostname(name)
	}
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}
	}
	if j := JurisdictionOf(certs[0]); len(i.o.Allow) > 0 && !slices.Contains(i.o.Allow, j) {
		i.refused.Add(1)
		return fmt.Errorf("%w: %q is of %q", ErrResidency, NameOf(certs[0]), j)
	}
	return nil
}

// verify finds the chains from a certificate, with others that may be between, to an
// authority.
func verify(certs []*x509.Certificate, pool *x509.CertPool, usage x509.ExtKeyUsage, now time.Time) ([][]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	return certs[0].Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage},
	})
}
