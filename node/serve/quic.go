package serve

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"golang.org/x/time/rate"
)

var errTooManyConns = errors.New("too many connections")

// newTransport is the one user of the UDP socket. Below the handshake rate a new
// client is answered at once; above it, it first has to prove its address, so that
// a flood with made-up ones costs no handshakes.
func newTransport(udp *net.UDPConn, o Options) *quic.Transport {
	reset, token := quic.StatelessResetKey(*o.StatelessResetKey), quic.TokenGeneratorKey(*o.TokenGeneratorKey)
	handshakes := rate.NewLimiter(rate.Limit(o.Handshakes), o.Handshakes)
	var open atomic.Int64
	return &quic.Transport{
		Conn:                udp,
		StatelessResetKey:   &reset,
		TokenGeneratorKey:   &token,
		VerifySourceAddress: func(net.Addr) bool { return !handshakes.Allow() },
		ConnContext: func(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
			if open.Add(1) > int64(o.MaxConns) {
				open.Add(-1)
				return nil, errTooManyConns
			}
			context.AfterFunc(ctx, func() { open.Add(-1) })
			return ctx, nil
		},
	}
}

// quicConfig is explicit because a nil one would turn 0-RTT on.
func quicConfig(o Options) *quic.Config {
	return &quic.Config{
		Versions:                       []quic.Version{quic.Version1, quic.Version2},
		HandshakeIdleTimeout:           handshakeIdle,
		MaxIdleTimeout:                 min(quicIdle, o.IdleTimeout),
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connWindow,
		MaxConnectionReceiveWindow:     maxConnWindow,
		MaxIncomingStreams:             int64(o.MaxStreams),
		MaxIncomingUniStreams:          maxUniStreams,
		Allow0RTT:                      o.Allow0RTT,
	}
}
