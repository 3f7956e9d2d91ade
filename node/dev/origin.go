package dev

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// maxBody bounds what POST /dev/present reads.
const maxBody = 64 << 10

// originServer publishes the ecosystem's lists over plain HTTP on loopback, and
// makes presentations on request.
type originServer struct {
	d        *demo
	http     *http.Server
	listener net.Listener
	host     string
	url      string

	mu    sync.Mutex
	lists map[string][]byte
}

// listenOrigin takes the origin's address, which the ecosystem's certificates bear.
// Nothing is answered before serve.
func listenOrigin(d *demo) (*originServer, error) {
	l, err := net.Listen("tcp", d.o.Origin)
	if err != nil {
		return nil, fmt.Errorf("failed to listen for the origin: %w", err)
	}
	o := &originServer{d: d, listener: l, host: l.Addr().String(), lists: make(map[string][]byte)}
	o.url = "http://" + o.host
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{list}", o.list)
	mux.HandleFunc("GET /lists/{list}", o.list)
	mux.HandleFunc("GET /status/{name}", o.status)
	mux.HandleFunc("GET /crl/{name}", o.crl)
	mux.HandleFunc("GET /dev/samples", o.samples)
	mux.HandleFunc("POST /dev/present", o.present)
	mux.HandleFunc("POST /dev/revoke", o.revoke)
	o.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	return o, nil
}

func (o *originServer) serve() {
	go func() { _ = o.http.Serve(o.listener) }()
}

func (o *originServer) close() {
	_ = o.listener.Close() // Shutdown knows it only once it is served
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if o.http.Shutdown(ctx) != nil {
		_ = o.http.Close()
	}
}

// vicalPath is where the VICAL is published.
const vicalPath = "/vical"

// list serves a trust list, the same bytes each time.
func (o *originServer) list(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, ok := o.lists[r.URL.Path]
	if !ok {
		var err error
		if b, err = o.make(r.URL.Path, r.PathValue("list")); err != nil {
			http.Error(w, "no such list", http.StatusNotFound)
			return
		}
		o.lists[r.URL.Path] = b
	}
	publish(w, r, "application/octet-stream", b) // nobody should go by it
}

// make makes the list that is published under a path.
func (o *originServer) make(path, name string) ([]byte, error) {
	world := o.d.world
	switch o.url + path {
	case world.LOTLURL():
		return world.LOTL(verifytest.LOTLOptions{})
	case world.TLURL("DE"):
		return world.TL("DE", verifytest.TLOptions{})
	case world.TLURL("NL"):
		return world.TL("NL", verifytest.TLOptions{})
	case o.url + vicalPath:
		return world.VICAL(verifytest.VICALOptions{})
	}
	return world.LoTE(name, verifytest.ListOptions{})
}

// status serves the newest token of a status list or an identifier list.
func (o *originServer) status(w http.ResponseWriter, r *http.Request) {
	b, mediaType, ok, err := o.d.world.StatusToken(o.url+r.URL.Path, time.Now())
	if err != nil || !ok {
		http.Error(w, "no such status list", http.StatusNotFound)
		return
	}
	publish(w, r, mediaType, b)
}

// crl serves the newest certificate revocation list of a CA.
func (o *originServer) crl(w http.ResponseWriter, r *http.Request) {
	time.Sleep(o.d.o.slowCRLs)
	der, ok, err := o.d.world.CRLOf(o.url+r.URL.Path, time.Now())
	if err != nil || !ok {
		http.Error(w, "no such revocation list", http.StatusNotFound)
		return
	}
	publish(w, r, "application/pkix-crl", der)
}

func publish(w http.ResponseWriter, r *http.Request, mediaType string, b []byte) {
	sum := sha256.Sum256(b)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	w.Header().Set("Content-Type", mediaType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// samples lists what POST /dev/present can make.
func (o *originServer) samples(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"samples": shown()})
}

// presentRequest is the body of POST /dev/present. Only sample is needed; what is
// left out takes the demonstration's own values.
type presentRequest struct {
	Sample             string   `json:"sample"`
	Flow               string   `json:"flow"`
	Nonce              string   `json:"nonce"`
	ClientID           string   `json:"client_id"`
	ResponseURI        string   `json:"response_uri"`
	Origin             string   `json:"origin"`
	MdocGeneratedNonce string   `json:"mdoc_generated_nonce"`
	EncryptionInfo     string   `json:"encryption_info"`
	TransactionData    []string `json:"transaction_data"`
	Thumbprint         string   `json:"jwk_thumbprint"`
}

// present makes a fresh presentation: the answer is a POST /v1/verify body.
func (o *originServer) present(w http.ResponseWriter, r *http.Request) {
	var req presentRequest
	if !readJSON(w, r, &req) {
		return
	}
	if !isSample(req.Sample) {
		refuse(w, http.StatusNotFound, "sample", "no such sample; GET /dev/samples lists them")
		return
	}
	var thumbprint []byte
	if req.Thumbprint != "" {
		b, err := base64.RawURLEncoding.Strict().DecodeString(req.Thumbprint)
		if err != nil || len(b) != sha256.Size {
			refuse(w, http.StatusBadRequest, "jwk_thumbprint", "base64url of 32 bytes is needed")
			return
		}
		thumbprint = b
	}
	made, err := o.d.world.Make(req.Sample, verifytest.Context{
		Flow: req.Flow, Nonce: req.Nonce, ClientID: req.ClientID, ResponseURI: req.ResponseURI, Origin: req.Origin,
		JWKThumbprint: thumbprint, MdocGeneratedNonce: req.MdocGeneratedNonce, EncryptionInfo: req.EncryptionInfo,
		TransactionData: req.TransactionData, StatusBase: o.url,
	}, time.Now())
	if err != nil {
		refuse(w, http.StatusBadRequest, "flow", err.Error())
		return
	}
	// A credential that is revoked from the start is in no list the node holds yet.
	if slices.ContainsFunc(made.Sample.Codes, isStatus) {
		for ref := made.Status; ref != nil; ref = ref.Also {
			_ = o.d.refresh(r.Context(), ref.URI) // a list that nobody follows is one of the samples
		}
	}
	writeJSON(w, http.StatusOK, made.Body())
}

func isStatus(c reason.Code) bool {
	e, _ := reason.Lookup(c)
	return e.Class == reason.ClassStatus
}

func isSample(name string) bool {
	return slices.ContainsFunc(shown(), func(s verifytest.Sample) bool { return s.Name == name })
}

// revoke revokes the credential that was last made for a sample, and has the node
// look.
func (o *originServer) revoke(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Sample string `json:"sample"`
	}
	if !readJSON(w, r, &req) {
		return
	}
	uri, ok := o.d.world.Revoke(req.Sample)
	if !ok {
		refuse(w, http.StatusNotFound, "sample", "no credential with a status was made for this sample")
		return
	}
	if err := o.d.refresh(r.Context(), uri); err != nil {
		refuse(w, http.StatusBadGateway, "", "revoked at the origin; the node could not be told: "+err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"revoked": req.Sample})
}

func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if t := r.Header.Get("Content-Type"); !strings.HasPrefix(t, "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, "", "send application/json")
		return false
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil && dec.More() {
		err = errors.New("something follows the JSON object")
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		refuse(w, http.StatusRequestEntityTooLarge, "", "the body is too large")
	case errors.Is(err, io.EOF):
		refuse(w, http.StatusBadRequest, "", `send {"sample": "sdjwt-pid-de", "nonce": "…", "client_id": "…"}`)
	case err != nil:
		refuse(w, http.StatusBadRequest, "", strings.TrimPrefix(err.Error(), "json: "))
	}
	return err == nil
}

func refuse(w http.ResponseWriter, status int, member, detail string) {
	p := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
	if member != "" {
		p["member"] = "/" + member
	}
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
