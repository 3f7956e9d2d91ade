package transfer

import "sync"

// places are what is done at once, for all peers and for each.
type places struct {
	most, mostOfOne int

	mu  sync.Mutex // guards what follows
	all int
	of  map[string]int
}

func newPlaces(most, mostOfOne int) *places {
	return &places{most: most, mostOfOne: mostOfOne, of: make(map[string]int)}
}

// take takes one for a peer, until it is left; false: there is none.
func (p *places) take(name string) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.most || p.of[name] >= p.mostOfOne {
		return nil, false
	}
	p.all++
	p.of[name]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all--
		if p.of[name]--; p.of[name] == 0 {
			delete(p.of, name)
		}
	}, true
}
