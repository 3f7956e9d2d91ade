// Package transfer carries what members of a cluster ask one another over connections:
// bodies, the signed bytes of lists, by their digest; and messages, which it does not
// look into. Handler serves them over any of HTTP's versions; Client asks over HTTP/3, or
// over HTTP/2 where UDP does not get through or there is a proxy. Both sides show a node
// certificate, and a peer is who its certificate says.
//
// Nothing that comes is believed: its size has a bound before it is read, a body's digest
// is compared when it has been, and whoever asked judges it like bytes from anywhere else.
// A body whose predecessor the asker holds travels compressed against that (RFC 9842,
// dcz), so that a list that was only signed again costs little; one that breaks off is
// resumed where it did. A message goes out once: whether it arrived is not known when the
// connection fails, and it is for the asker to ask again.
package transfer

import "time"

// Limits.
const (
	MaxBody    = 16 << 20 // bytes of a body
	MaxMessage = 1 << 20  // bytes of a message, and of an answer
	MaxServing = 16       // bodies that are sent at once; who comes then is told to come again
	Patience   = 500 * time.Millisecond

	// MaxExchanges are messages that are being answered at once, most of which wait
	// for something to happen.
	MaxExchanges = 1024
	// maxExchangesOfOne are those of one peer: a leaf waits on one and asks another
	// now and then, and those of a connection that it has lost are still there for a
	// while.
	maxExchangesOfOne = 8
	maxServingOfOne   = 8
	maxMessages       = 64 << 20 // bytes of all messages that are being answered

	maxAttempts     = 4 // at a body that breaks off
	fetchTimeout    = 30 * time.Second
	beginTimeout    = 5 * time.Second  // until a body begins
	exchangeTimeout = 45 * time.Second // more than an answer may be put off
	messageTimeout  = 10 * time.Second // for a message to come in, and for an answer to go out
	maxDictionary   = 4 << 20          // bytes of a predecessor that is compressed against
	maxHeader       = 16 << 10         // bytes of an answer's header

	connectTimeout = 5 * time.Second        // over both ways
	quicTimeout    = 2 * time.Second        // nobody says that UDP does not get through
	headStart      = 300 * time.Millisecond // of QUIC before TCP
	tcpFor         = 10 * time.Minute       // that TCP is preferred where it was faster
	connectionFor  = time.Hour              // that a connection is used for new requests
	idleFor        = 90 * time.Second       // that it stays open without any
	streamWindow   = 1 << 20                // bytes that are taken in before they are read
	maxStreams     = 4 << 20                // bytes of all requests of a connection
	maxAddresses   = 4                      // of one name that are tried
)

// Path is where bodies are asked for; a digest in lower-case hex follows, and in the query
// of SizeParam how many bytes the asker was told that it has. Who holds it with another
// size has it not as it was announced, which is the fault of who announced it.
const (
	Path      = "/v1/bodies/"
	SizeParam = "size"
)

// ExchangePath is where messages are sent to.
const ExchangePath = "/v1/exchange"

// messageType is what a message and an answer are.
const messageType = "application/cbor"
