package serve

import (
	"fmt"
	"net"
)

// bind opens a UDP and a TCP socket at the same port. For port 0 the kernel
// chooses one for UDP, which may be taken for TCP: then it is asked again.
func bind(addr string) (*net.UDPConn, net.Listener, error) {
	local, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to listen at %s: %w", addr, err)
	}
	attempts := 1
	if local.Port == 0 {
		attempts = portAttempts
	}
	for range attempts {
		var udp *net.UDPConn
		udp, err = net.ListenUDP("udp", local)
		if err != nil {
			return nil, nil, fmt.Errorf("failed to listen at %s: %w", addr, err)
		}
		var tcp *net.TCPListener
		bound := udp.LocalAddr().(*net.UDPAddr)
		tcp, err = net.ListenTCP("tcp", &net.TCPAddr{IP: local.IP, Zone: local.Zone, Port: bound.Port})
		if err == nil {
			return udp, tcp, nil
		}
		_ = udp.Close()
	}
	return nil, nil, fmt.Errorf("failed to listen at %s: %w", addr, err)
}
