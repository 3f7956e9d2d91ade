package config

import (
	"crypto/x509"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Egress is how the node reaches the origins of lists.
type Egress struct {
	// Proxy is nil where there is none. It may hold a password: print
	// Proxy.Redacted() or ProxyHost, nothing else of it. Through a proxy the names
	// of origins are resolved by the proxy, so what addresses they may have is the
	// proxy's to check.
	Proxy *url.URL
	// CAFile is a PEM file of certificates that may vouch for origins, in addition
	// to the system's: those of a proxy that opens TLS.
	CAFile string
}

// ProxyHost is the proxy's host and port; "" without a proxy.
func (e Egress) ProxyHost() string {
	if e.Proxy == nil {
		return ""
	}
	return e.Proxy.Host
}

// CAs reads who may vouch for origins; nil, the system's, when CAFile names no
// file.
func (e Egress) CAs() (*x509.CertPool, error) {
	if e.CAFile == "" {
		return nil, nil
	}
	system, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	return pool(system, e.CAFile)
}

func (d *decoder) egress(n *yaml.Node, at string, e *Egress) {
	d.mapping(n, at, members{"proxy": d.url(&e.Proxy), "ca_file": d.file(&e.CAFile)})
}

// url reads a URL. What cannot be read as one is not repeated: it may hold a
// password.
func (d *decoder) url(dst **url.URL) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		var raw string
		d.text(&raw)(n, at)
		u, err := url.Parse(raw)
		if err != nil {
			d.report(at, proxyForm)
			return
		}
		*dst = u
	}
}

const proxyForm = "http://host:port or https://host:port is needed, with user:password@ before the host where the proxy asks for it"

func (v *validator) egress(e Egress) {
	p := e.Proxy
	if p == nil {
		return
	}
	plain := strings.Trim(p.Path, "/") == "" && p.RawQuery == "" && !p.ForceQuery && p.Fragment == "" && p.Opaque == ""
	if p.Scheme != "http" && p.Scheme != "https" || p.Hostname() == "" || p.Port() == "" || !plain {
		v.report("egress.proxy", proxyForm)
	}
}
