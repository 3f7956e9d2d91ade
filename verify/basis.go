package verify

import (
	"encoding/hex"
)

// restOnList adds a trust list to what the answer rests on.
func (c *check) restOnList(l *List) {
	c.rest(Basis{
		List: l.Name, URL: l.URL, Sequence: l.Sequence, SHA256: hex.EncodeToString(l.SHA256[:]),
		NextUpdate: l.NextUpdate.UTC(), Stale: l.StateAt(c.now) != Fresh,
	})
}

// restOnStatus adds a status list, by digest and issue time only: its URI would
// say more about the credential than the relying party needs to keep.
func (c *check) restOnStatus(t *StatusToken, stale bool) {
	c.rest(Basis{List: "status", SHA256: hex.EncodeToString(t.SHA256[:]), Issued: t.Token.IssuedAt.UTC(), Stale: stale})
}

func (c *check) rest(b Basis) {
	for _, have := range c.res.Basis {
		if have.SHA256 == b.SHA256 && have.List == b.List {
			return
		}
	}
	c.res.Basis = append(c.res.Basis, b)
}
