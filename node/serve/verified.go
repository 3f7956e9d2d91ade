package serve

import (
	"crypto/tls"
	"net/http"
)

// verified refuses requests over connections that would not come about any more.
func verified(verify func(tls.ConnectionState) error, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || verify(*r.TLS) != nil {
			http.Error(w, "the certificate of this connection is accepted no longer: connect again with one that is", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
