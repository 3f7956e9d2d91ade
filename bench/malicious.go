package bench

import (
	"time"
)

// Malicious is a cluster some of whose members, with certificates like the others',
// announce what they cannot deliver, deliver something else, never answer, pass nothing
// on, and make versions up; beside the same cluster without them.
type Malicious struct {
	Network Network
	Members int
	Share   float64 // of the members that are malicious
	Updates int
	Body    int
	Seed    uint64
}

// MaliciousResult is what came of it, for the last honest member.
type MaliciousResult struct {
	Seed       uint64          `json:"seed"`
	Hears      []time.Duration `json:"hears"`
	Holds      []time.Duration `json:"holds"`
	HearsAlone []time.Duration `json:"hears_alone"` // without malicious members
	HoldsAlone []time.Duration `json:"holds_alone"`
	Missed     int             `json:"missed"`
	// Avoided is how many times a malicious member is avoided by an honest one at the
	// end, and Accused likewise an honest one.
	Avoided int `json:"avoided"`
	Accused int `json:"accused"`
}

// Run simulates both clusters.
func (m Malicious) Run() MaliciousResult {
	res := MaliciousResult{Seed: m.Seed}
	evil := int(m.Share*float64(m.Members) + .5)
	roles := []role{silent, garbage, empty, staller}
	with := m.cluster(func(i int) role {
		if i < evil {
			return roles[i%len(roles)]
		}
		return honest
	})
	alone := m.cluster(func(i int) role {
		if i < evil {
			return absent
		}
		return honest
	})
	res.Hears, res.Holds, res.Missed = m.spread(with)
	res.HearsAlone, res.HoldsAlone, _ = m.spread(alone)
	for _, o := range with.members {
		if o.core == nil {
			continue
		}
		for _, name := range o.core.Avoids(with.now) {
			if with.members[with.index[name]].role == honest {
				res.Accused++
			} else {
				res.Avoided++
			}
		}
	}
	return res
}

func (m Malicious) cluster(part func(int) role) *cluster {
	return newCluster(m.Network, m.Members, zones, m.Seed, part)
}

// spread has updates appear. In the first ones members learn whom to avoid, which is
// part of what is measured.
func (m Malicious) spread(c *cluster) (hears, holds []time.Duration, missed int) {
	for u := range warmUps {
		c.update(uint64(u)+1, m.Body, settle)
	}
	for i, o := range c.members {
		if o.role > silent {
			c.makeUp(i, theList)
		}
	}
	for u := range m.Updates {
		t := c.update(warmUps+uint64(u)+1, m.Body, settle)
		hears, holds = append(hears, t.heardAt.Sub(t.began)), append(holds, t.allAt.Sub(t.began))
		missed += c.count() - t.holds
	}
	return hears, holds, missed
}

// MaliciousReport is what many seeds came to.
type MaliciousReport struct {
	Seeds      int   `json:"seeds"`
	Hears      Times `json:"last_hears"`
	Holds      Times `json:"last_holds"`
	HearsAlone Times `json:"last_hears_alone"`
	HoldsAlone Times `json:"last_holds_alone"`
	Missed     int   `json:"missed"`
	Avoided    int   `json:"avoided"`
	Accused    int   `json:"accused"`
}

// Over runs so many seeds, from its own on.
func (m Malicious) Over(seeds int) MaliciousReport {
	r := MaliciousReport{Seeds: seeds}
	var hears, holds, hearsAlone, holdsAlone []time.Duration
	first := m.Seed
	for i := range seeds {
		m.Seed = first + uint64(i)
		one := m.Run()
		hears, holds = append(hears, one.Hears...), append(holds, one.Holds...)
		hearsAlone, holdsAlone = append(hearsAlone, one.HearsAlone...), append(holdsAlone, one.HoldsAlone...)
		r.Missed, r.Avoided, r.Accused = r.Missed+one.Missed, r.Avoided+one.Avoided, r.Accused+one.Accused
	}
	r.Hears, r.Holds, r.HearsAlone, r.HoldsAlone = timesOf(hears), timesOf(holds), timesOf(hearsAlone), timesOf(holdsAlone)
	return r
}
