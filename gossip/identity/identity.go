// Package identity is who a node is among the nodes of its cluster: its certificate and
// key, the cluster's certificate authorities, and which jurisdictions it deals with. Load
// reads them and says what is wrong with them; Server and Client are the two sides of a
// connection on which both have shown that they are of the cluster; Watch takes up
// renewed files without a restart.
//
// A node certificate is one of X.509 with a P-256 key, good for both sides of TLS. Its
// first DNS name is the node's name; further ones and IP addresses are what leaves may
// call it by. Its jurisdiction is a URI, urn:edgetrust:jurisdiction:EU. That a peer is of
// the cluster makes what it sends no truer: lists are judged by their own signatures.
package identity

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limits.
const (
	maxFile         = 256 << 10 // bytes of one file
	maxCertificates = 100       // in one file
	maxVouched      = 8192      // chains that are remembered

	warnBefore = 7 * 24 * time.Hour // the certificate expires
	warnEvery  = 24 * time.Hour
)

// Options are what an Identity is made of. The files are PEM.
type Options struct {
	Cert string // path of the certificate, with those between it and the authority after it
	Key  string // path of its key
	CA   string // path of the cluster's certificate authorities, one or more
	Name string // the node's
	// Jurisdiction is the one that the certificate has to name: two upper-case letters
	// (ISO 3166, or EU). "": whatever it says.
	Jurisdiction string
	// Allow are the jurisdictions of the peers that are accepted. Empty: any.
	Allow []string
}

// Identity is a node's own. It may be used concurrently.
type Identity struct {
	o       Options
	reload  sync.Mutex // one Reload at a time
	now     atomic.Pointer[material]
	refused atomic.Uint64
}

// material is what belongs together. It is not changed, but for what it remembers.
type material struct {
	files files // as they were read

	cert     tls.Certificate // with its Leaf
	key      *ecdsa.PrivateKey
	pool     *x509.CertPool
	notAfter time.Time
	vouched  vouched
}

// Load reads a node's files. An error names the member of the configuration that is at
// fault, and says what to do.
func Load(o Options) (*Identity, error) {
	o.Allow = slices.Clone(o.Allow)
	if err := o.check(); err != nil {
		return nil, err
	}
	files, err := o.read()
	if err != nil {
		return nil, err
	}
	m, err := o.judge(files, time.Now())
	if err != nil {
		return nil, err
	}
	i := &Identity{o: o}
	i.now.Store(m)
	return i, nil
}

// Reload takes up the files if they have changed: all of them, and only if they belong
// together, else those before stay in use and the error says why.
func (i *Identity) Reload() (changed bool, err error) {
	i.reload.Lock()
	defer i.reload.Unlock()
	files, err := i.o.read()
	if err != nil {
		return false, fmt.Errorf("%w; the files read before stay in use", err)
	}
	if files.same(i.now.Load().files) {
		return false, nil
	}
	m, err := i.o.judge(files, time.Now())
	if err != nil {
		return false, fmt.Errorf("%w; the files read before stay in use", err)
	}
	i.now.Store(m)
	return true, nil
}

// Credentials are the certificate and the key in use. They are not to be changed.
func (i *Identity) Credentials() (*x509.Certificate, *ecdsa.PrivateKey) {
	m := i.now.Load()
	return m.cert.Leaf, m.key
}

// NotAfter is when the certificate, or what it rests on, expires.
func (i *Identity) NotAfter() time.Time { return i.now.Load().notAfter }

// Refused is how many connections were refused because of the peer's jurisdiction.
func (i *Identity) Refused() uint64 { return i.refused.Load() }
