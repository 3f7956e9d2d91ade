package gossip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// maxAskedHeld is how many lists are asked for in one message; who wants to know of
	// more asks several times.
	maxAskedHeld = 4096
	// maxHoldings is how many versions go into one answer: of a list there may be two.
	maxHoldings = 2 * maxAskedHeld
	// maxHeldRate is how many such messages of one member are answered in a second, and
	// how many at once: enough for all the lists that there may be.
	maxHeldRate = 50

	holdingSize = 16 + 1 + 8 + 32 + 4 + 1
)

// Holding is a version that a member holds, whether it announces it or not.
type Holding struct {
	Head
	Soaks bool // it is in force there, and is not announced yet
}

// HeldBy asks a member which versions of lists it holds. What it announces would be less:
// not what soaks, nor what a failing disk does not keep. The member must be alive and
// trusted.
func (c *Cluster) HeldBy(ctx context.Context, name string, lists []ListID) (held []Holding, err error) {
	c.mu.Lock()
	m, ok := c.members[name]
	trusted := ok && m.trusted()
	c.mu.Unlock()
	switch {
	case !ok:
		return nil, fmt.Errorf("%q is no member that this node knows: edgectl members lists them", name)
	case !trusted:
		return nil, fmt.Errorf("%q is not alive, or has not shown its certificate: edgectl members says why", name)
	}
	peer, _ := c.peerOf(name)
	for some := range slices.Chunk(lists, maxAskedHeld) {
		got, err := c.ask(ctx, peer, message{askHeld: some})
		if err == nil && !got.saysHeld {
			err = errors.New("it does not say: its version does not know the question, or you ask too often")
		}
		if err != nil {
			return nil, fmt.Errorf("failed to ask %q for its lists: %w", name, err)
		}
		held = append(held, got.held...)
	}
	return held, nil
}

// maySay says whether a member may be told again what is held here, which costs the store
// some work.
func (c *Cluster) maySay(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.allow(time.Now(), name, maxHeldRate)
}

// answerHeld says what this member holds of lists. It is not for run to say: the store
// may be waiting for its disk.
func (c *Cluster) answerHeld(lists []ListID) message {
	a := message{saysHeld: true}
	if c.o.Held != nil {
		a.held = c.o.Held(lists)
		a.held = a.held[:min(len(a.held), maxHoldings)]
	}
	return a
}

func (h Holding) appendTo(b []byte) []byte {
	soaks := byte(0)
	if h.Soaks {
		soaks = 1
	}
	return append(h.Head.appendTo(b), soaks)
}

// heldWire is the part of a message that asks or says what is held.
type heldWire struct {
	AskHeld  []byte `cbor:"11,keyasint,omitempty"`
	Held     []byte `cbor:"12,keyasint,omitempty"`
	SaysHeld bool   `cbor:"13,keyasint,omitempty"` // of Held, which may be none
}

func heldToWire(m message) (w heldWire) {
	for _, id := range m.askHeld {
		w.AskHeld = append(w.AskHeld, id[:]...)
	}
	for _, h := range m.held {
		w.Held = h.appendTo(w.Held)
	}
	w.SaysHeld = m.saysHeld
	return w
}

// into reads what heldToWire wrote; false: it is malformed.
func (w heldWire) into(m *message) bool {
	const idSize = len(ListID{})
	if len(w.AskHeld)%idSize != 0 || len(w.AskHeld) > maxAskedHeld*idSize || len(w.Held)%holdingSize != 0 || len(w.Held) > maxHoldings*holdingSize {
		return false
	}
	for one := range slices.Chunk(w.AskHeld, idSize) {
		m.askHeld = append(m.askHeld, ListID(one))
	}
	for one := range slices.Chunk(w.Held, holdingSize) {
		m.held = append(m.held, Holding{headFrom(one), one[holdingSize-1] != 0})
	}
	m.saysHeld = w.SaysHeld
	return true
}
