package gossip

import (
	"context"
	"sync"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// maxWaiting bounds who waits for bodies that are about to come.
const maxWaiting = 4096

// coming are the bodies that are being pulled, and who waits for them: a member passes
// news on before it holds the body, and lets those wait whom it told.
type coming struct {
	mu      sync.Mutex // guards what follows
	bodies  map[artefact.Digest]*arrival
	waiting int
}

// arrival is one of them.
type arrival struct {
	pulls, waiting int
	here           chan struct{} // closed when it is held
}

func newComing() *coming { return &coming{bodies: make(map[artefact.Digest]*arrival)} }

// begin notes that a body is being pulled, until end.
func (c *coming) begin(d artefact.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.bodies[d]
	if !ok {
		a = &arrival{here: make(chan struct{})}
		c.bodies[d] = a
	}
	a.pulls++
}

// end notes that a pull is over. Who waits goes on waiting: another may follow.
func (c *coming) end(d artefact.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.bodies[d]; ok { // else it has come meanwhile
		a.pulls--
		c.tidy(d, a)
	}
}

// came notes that a body is held, by whatever door.
func (c *coming) came(d artefact.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.bodies[d]; ok {
		delete(c.bodies, d)
		close(a.here)
	}
}

// await returns when a body is held that is being pulled, at once if it is not, or when
// ctx ends.
func (c *coming) await(ctx context.Context, d artefact.Digest) {
	c.mu.Lock()
	a, ok := c.bodies[d]
	if !ok || c.waiting >= maxWaiting {
		c.mu.Unlock()
		return
	}
	a.waiting++
	c.waiting++
	c.mu.Unlock()
	select {
	case <-a.here:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a.waiting--
	c.waiting--
	if c.bodies[d] == a {
		c.tidy(d, a)
	}
}

// tidy forgets a body that nobody pulls or waits for. The caller holds mu.
func (c *coming) tidy(d artefact.Digest, a *arrival) {
	if a.pulls <= 0 && a.waiting == 0 {
		delete(c.bodies, d)
	}
}
