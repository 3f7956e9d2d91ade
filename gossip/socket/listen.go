package socket

import (
	"net"
	"strconv"
)

// listen opens both sockets at one address and port.
func listen(host string, port int) (tcp *net.TCPListener, udp *net.UDPConn, err error) {
	for range attempts {
		tcp, udp, err = listenOnce(host, port)
		if err == nil || port != 0 || tcp == nil {
			break
		}
		// The port that was free for TCP is somebody's for UDP.
	}
	if err != nil {
		return nil, nil, err
	}
	for size := receiveBuffer; size > 0 && udp.SetReadBuffer(size) != nil; size /= 2 {
	}
	return tcp, udp, nil
}

// listenOnce returns with an error a closed TCP listener if it was UDP that failed.
func listenOnce(host string, port int) (*net.TCPListener, *net.UDPConn, error) {
	addr, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, err
	}
	tcp, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	addr.Port = tcp.Addr().(*net.TCPAddr).Port
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: addr.IP, Port: addr.Port, Zone: addr.Zone})
	if err != nil {
		_ = tcp.Close()
		return tcp, nil, err
	}
	return tcp, udp, nil
}
