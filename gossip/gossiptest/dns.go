package gossiptest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS answers what names stand for. Names end with a dot.
type DNS struct {
	SRV map[string][]net.SRV
	A   map[string][]string

	mu sync.Mutex
}

// Set changes the addresses of a name.
func (d *DNS) Set(name string, addrs ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.A[name] = addrs
}

// Resolver asks this DNS, and nobody else.
func (d *DNS) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go d.serve(far)
		return near, nil
	}}
}

// serve answers one connection as over TCP: each message after its length.
func (d *DNS) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(b) != nil || len(m.Questions) != 1 {
			return
		}
		answer, err := d.answer(m)
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (d *DNS) answer(m dnsmessage.Message) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := m.Questions[0]
	name := q.Name.String()
	head := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1}
	m.Response, m.Additionals, m.RCode = true, nil, dnsmessage.RCodeSuccess
	records, addrs := d.SRV[name], d.A[name]
	if len(records)+len(addrs) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	switch q.Type {
	case dnsmessage.TypeSRV:
		for _, r := range records {
			target, err := dnsmessage.NewName(r.Target)
			if err != nil {
				return nil, err
			}
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.SRVResource{Port: r.Port, Target: target}})
		}
	case dnsmessage.TypeA:
		for _, addr := range addrs {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(addr).To4())}})
		}
	}
	return m.Pack()
}
