// Package transfer moves bodies between members of a cluster: the signed bytes of
// lists, asked for by their digest. Handler serves them over any of HTTP's versions;
// Client asks over HTTP/3, or over HTTP/2 where UDP does not get through. Both sides
// show a node certificate, and a peer is who its certificate says.
//
// Nothing that comes is believed: its size has a bound before it is read, its digest is
// compared when it has been, and whoever asked judges it like bytes from anywhere else.
// A body whose predecessor the asker holds travels compressed against that (RFC 9842,
// dcz), so that a list that was only signed again costs little; one that breaks off is
// resumed where it did.
package transfer

import "time"

// Limits.
const (
	MaxBody    = 16 << 20 // bytes of a body
	MaxMessage = 1 << 20  // bytes of a message
	MaxServing = 16       // bodies that are sent at once; who comes then is told to come again
	Patience   = 500 * time.Millisecond

	maxAttempts   = 4               // at a body that breaks off
	handshake     = 2 * time.Second // for HTTP/3, before HTTP/2 is tried
	tcpFor        = 5 * time.Minute // that a peer is asked over HTTP/2 after HTTP/3 failed
	fetchTimeout  = 30 * time.Second
	idleFor       = 90 * time.Second
	maxDictionary = 4 << 20 // bytes of a predecessor that is compressed against
)

// Path is where bodies are asked for; a digest in lower-case hex follows.
const Path = "/v1/bodies/"
