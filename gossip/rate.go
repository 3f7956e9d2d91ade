package gossip

import "time"

// maxRates bounds the members whose allowance is remembered.
const maxRates = 16_384

// rates are members' allowances of news.
type rates map[string]allowance

type allowance struct {
	left float64
	at   time.Time
}

// allow says whether a member may have more news now, of so much a second and as much
// at once.
func (rs rates) allow(now time.Time, member string, most float64) bool {
	return rs.allowed(now, member, most, 1)
}

// allowed is allow for so much at once.
func (rs rates) allowed(now time.Time, member string, most, much float64) bool {
	r, known := rs[member]
	if !known {
		r = allowance{most, now}
		if len(rs) >= maxRates {
			clear(rs)
		}
	}
	r.left = min(most, r.left+most*now.Sub(r.at).Seconds())
	r.at = now
	ok := r.left >= much
	if ok {
		r.left -= much
	}
	rs[member] = r
	return ok
}
