package cachetest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
)

// Listen opens a port of the loopback interface and returns the URL it serves
// under.
func (o *Origin) Listen() (url string, err error) { return o.ListenAt("127.0.0.1") }

// ListenAt does so at another address of this machine.
func (o *Origin) ListenAt(host string) (url string, err error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	o.serve(l)
	return "http://" + l.Addr().String(), nil
}

// ListenTLS does the same with a certificate for 127.0.0.1, localhost and the names
// given. ca is the authority, made for this listener, that vouches for it.
func (o *Origin) ListenTLS(names ...string) (url string, ca *x509.CertPool, err error) {
	cert, root, err := newCertificate(append(names, "localhost"))
	if err != nil {
		return "", nil, err
	}
	ca = x509.NewCertPool()
	ca.AddCert(root)
	o.mu.Lock()
	o.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	o.mu.Unlock()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	o.serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}))
	return "https://" + l.Addr().String(), ca, nil
}

// Authority is the newest authority that ListenTLS made, in PEM; nil: there is none.
func (o *Origin) Authority() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.authority
}

// Refused returns a URL of the loopback interface at which nobody listens.
func Refused() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return "http://" + l.Addr().String(), l.Close()
}

// serve answers on one more listener until Close.
func (o *Origin) serve(l net.Listener) {
	o.mu.Lock()
	if o.srv == nil {
		// That a client breaks off is the point of most tests.
		o.srv = &http.Server{Handler: o, ErrorLog: log.New(io.Discard, "", 0)}
	}
	srv := o.srv
	o.mu.Unlock()
	go srv.Serve(l) // ends with Close
}

// Close ends the listeners and all connections.
func (o *Origin) Close() error {
	o.mu.Lock()
	srv := o.srv
	o.mu.Unlock()
	if srv == nil {
		return nil
	}
	return srv.Close()
}
