package bench

import (
	"encoding/binary"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

// role is what part a member plays.
type role int

// The roles. All but the first two are malicious, with a certificate of the cluster.
const (
	honest  role = iota
	absent       // it is not there, and nobody thinks so
	silent       // takes everything and passes nothing on; whoever asks it waits in vain
	garbage      // says at once that it holds what it hears of, and sends other bytes
	empty        // says so, too, and then that it has it not
	staller      // says so, too, and never answers
)

// malice is how malicious members say what they say.
const (
	liedTo    = 16              // members that are told of each version, at once
	bogusOnce = 2 * time.Second // between versions that a malicious member makes up
)

// play is what a malicious member does with what it hears.
func (c *cluster) play(i int, e gossip.Event) {
	m := c.members[i]
	h, ok := e.(gossip.Heard)
	if !ok || m.role == absent || m.role == silent || m.said[h.Digest] {
		return
	}
	m.said[h.Digest] = true
	h.Holder = c.all[i].Name
	c.lie(i, h.Announcement)
}

func (c *cluster) lie(i int, a gossip.Announcement) {
	for range liedTo {
		if to := c.rnd.IntN(len(c.all)); to != i && c.members[to].role != absent {
			c.do(i, gossip.Announce{To: c.all[to].Name, Announcement: a})
		}
	}
}

// makeUp has a malicious member announce, from now on, versions that do not exist.
func (c *cluster) makeUp(i int, list gossip.ListID) {
	name := c.all[i].Name
	h := gossip.Head{List: list, Kind: gossip.Closed, Version: c.tracks[list].head.Version + 1, Size: 1 << 12}
	h.Digest = c.digest()
	c.members[i].said[h.Digest] = true
	c.lie(i, gossip.Announcement{Head: h, Holder: name, Origin: name, Stamp: c.now.UnixMilli(), Signature: []byte{1}})
	c.after(bogusOnce, func() { c.makeUp(i, list) })
}

// digest is one that no other has.
func (c *cluster) digest() (d artefact.Digest) {
	for i := 0; i < len(d); i += 8 {
		binary.BigEndian.PutUint64(d[i:], c.rnd.Uint64())
	}
	return d
}

// misserve is how a malicious member answers a pull.
func (c *cluster) misserve(p *pull) {
	switch c.members[p.by].role {
	case garbage:
		c.send(p, func() { c.end(p, gossip.Bad) })
	case empty:
		c.after(gossip.PullPatience, func() { c.refuse(p, gossip.Missing) })
	}
}
