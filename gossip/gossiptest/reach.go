package gossiptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// Service is what a member answers over connections. It is not changed while it is
// served: a test that has a member misbehave has the network serve another one.
type Service struct {
	Certificate func() *x509.Certificate
	// Judge judges who calls; nil: as the caller would.
	Judge func(cert *x509.Certificate) error
	// Answer answers a message of the member of that name.
	Answer func(ctx context.Context, from string, message []byte) ([]byte, error)
	// Body sends a body, or whatever it likes; nil: it has none.
	Body func(ctx context.Context, from string, want transfer.Want) ([]byte, error)
}

// Serving is the Body of a Service that has what a source has, as package transfer's
// handler does.
func Serving(source transfer.Source) func(ctx context.Context, from string, want transfer.Want) ([]byte, error) {
	return func(ctx context.Context, _ string, want transfer.Want) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, transfer.Patience)
		defer cancel()
		if b, ok := source.Body(ctx, want.Digest); ok && len(b) == want.Size {
			return b, nil
		}
		return nil, transfer.ErrMissing
	}
}

// Serve has a service listen at host:port; nil takes it away.
func (n *Network) Serve(addr string, s *Service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s == nil {
		delete(n.services, addr)
		return
	}
	n.services[addr] = s
}

// Reach is how a member of a Network calls others. Both show their certificates.
type Reach struct {
	net  *Network
	host string
	mu   sync.Mutex   // guards cas
	cas  []*Authority // that vouch for others
	// own is the certificate that is shown.
	own func() *x509.Certificate
}

var _ gossip.Reach = (*Reach)(nil)

// NewReach returns a Reach for a host.
func NewReach(n *Network, ca *Authority, host string, own func() *x509.Certificate) *Reach {
	return &Reach{net: n, cas: []*Authority{ca}, host: host, own: own}
}

// Trust has others believed, from now on, for whom one of these vouches.
func (r *Reach) Trust(cas ...*Authority) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cas = cas
}

// judge says what is wrong with a certificate for a name, as a TLS connection would.
func (r *Reach) judge(cert *x509.Certificate, name string) error {
	r.mu.Lock()
	cas := r.cas
	r.mu.Unlock()
	var err error
	for _, ca := range cas {
		if err = ca.check(cert, name, time.Now()); err == nil {
			return nil
		}
	}
	return &tls.CertificateVerificationError{Err: err}
}

// judgeCaller is judge for who calls.
func (r *Reach) judgeCaller(cert *x509.Certificate) error { return r.judge(cert, cert.DNSNames[0]) }

// fetchTimeout is that of package transfer.
const fetchTimeout = 30 * time.Second

// call has do run at the peer, and the way there and back take their time.
func (r *Reach) call(ctx context.Context, p transfer.Peer, do func(ctx context.Context, s *Service, from string) error) error {
	to := hostOf(p.Addr)
	r.net.mu.Lock()
	r.net.calls[r.host]++
	r.net.mu.Unlock()
	if err := r.net.travel(ctx, r.host, to); err != nil {
		return err
	}
	if r.net.breaks() {
		if err := wait(ctx, broken); err != nil {
			return err
		}
		return errBroken
	}
	r.net.mu.Lock()
	s := r.net.services[p.Addr]
	r.net.mu.Unlock()
	if s == nil {
		if err := r.net.travel(ctx, to, r.host); err != nil {
			return err
		}
		return errRefused
	}
	if err := r.judge(s.Certificate(), p.Name); err != nil {
		return err
	}
	own, judge := r.own(), s.Judge
	if judge == nil {
		judge = r.judgeCaller
	}
	if own == nil || len(own.DNSNames) != 1 {
		return fmt.Errorf("%s asks for a certificate", p.Name)
	}
	if err := judge(own); err != nil {
		return fmt.Errorf("%s refuses the certificate: %v", p.Name, err)
	}
	said := do(ctx, s, own.DNSNames[0])
	if err := r.net.travel(ctx, to, r.host); err != nil {
		return err
	}
	return said
}

// Certificates implements gossip.Reach.
func (r *Reach) Certificates(ctx context.Context, p transfer.Peer) (certs []*x509.Certificate, err error) {
	err = r.call(ctx, p, func(_ context.Context, s *Service, _ string) error {
		certs = []*x509.Certificate{s.Certificate()}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return certs, nil
}

// Judge implements gossip.Reach.
func (r *Reach) Judge(p transfer.Peer, certs []*x509.Certificate) error {
	return r.judge(certs[0], p.Name)
}

// Exchange implements gossip.Reach.
func (r *Reach) Exchange(ctx context.Context, p transfer.Peer, message []byte) (answer []byte, err error) {
	err = r.call(ctx, p, func(ctx context.Context, s *Service, from string) error {
		var err error
		answer, err = s.Answer(ctx, from, message)
		if len(answer) > transfer.MaxMessage {
			return transfer.ErrWrong
		}
		return err
	})
	return answer, err
}

// Fetch implements gossip.Reach. It judges what comes as package transfer does.
func (r *Reach) Fetch(ctx context.Context, p transfer.Peer, w transfer.Want) (body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	err = r.call(ctx, p, func(ctx context.Context, s *Service, from string) error {
		var err error
		body, err = s.Body(ctx, from, w)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(body) < w.Size:
		return nil, io.ErrUnexpectedEOF
	case len(body) > w.Size || artefact.Sum(body) != w.Digest:
		return nil, transfer.ErrWrong
	}
	return body, nil
}

// Forget implements gossip.Reach. No connection is kept here.
func (r *Reach) Forget(transfer.Peer) {}
