package bench

import "time"

// SpreadReport is what many seeds of one Spread came to, beside the floors over the
// same networks.
type SpreadReport struct {
	Network string  `json:"network"`
	Members int     `json:"members"`
	Loss    float64 `json:"loss"`
	Body    int     `json:"body_bytes"`
	Cold    bool    `json:"cold"`
	Seeds   int     `json:"seeds"`
	Updates int     `json:"updates"` // of all seeds

	Hears Times `json:"last_hears"`
	Holds Times `json:"last_holds"`
	Flood Times `json:"flooding_last_hears"`
	Stock Times `json:"memberlist_last_hears"`

	Missed []uint64 `json:"missed_seeds"` // seeds in which a member does not hold an update

	Announcements float64 `json:"announcements_per_member"` // and update, like what follows
	Bodies        float64 `json:"bodies_per_member"`
	Traffic       Traffic `json:"bytes_per_member"`
}

// HearsRatio is how many times as long as with flooding it takes until the last member
// hears, at the 99th percentile of both; HoldsRatio likewise until it holds the body.
func (r SpreadReport) HearsRatio() float64 { return r.Hears.P99 / r.Flood.P99 }

// HoldsRatio is explained with HearsRatio.
func (r SpreadReport) HoldsRatio() float64 { return r.Holds.P99 / r.Flood.P99 }

// Over runs the Spread with so many seeds, from its own on.
func (s Spread) Over(seeds int) SpreadReport {
	r := SpreadReport{
		Network: s.Network.Name, Members: s.Members, Loss: s.Network.Loss, Body: s.Body, Cold: s.Cold,
		Seeds: seeds, Updates: seeds * s.Updates,
	}
	var hears, holds, flood, stock []time.Duration
	var traffic Traffic
	for range seeds {
		one := s.Run()
		hears, holds = append(hears, one.Hears...), append(holds, one.Holds...)
		flood, stock = append(flood, s.Flood()...), append(stock, s.Memberlist()...)
		if one.Missed > 0 {
			r.Missed = append(r.Missed, s.Seed)
		}
		r.Announcements += one.Announcements / float64(seeds)
		r.Bodies += one.Bodies / float64(seeds)
		traffic.add(one.Traffic)
		s.Seed++
	}
	r.Hears, r.Holds, r.Flood, r.Stock = timesOf(hears), timesOf(holds), timesOf(flood), timesOf(stock)
	r.Traffic = traffic.over(float64(r.Updates * s.Members))
	return r
}
