package origin

import (
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// stage is when, at the start, a target has its first look: a national list is
// found through a list of lists, and neither a status list nor a CRL can be verified
// before the anchors of its signer are known.
type stage int

const (
	nothing stage = iota // before Run
	listsOfLists
	trustLists
	statusLists
)

func stageOf(k artefact.Kind) stage {
	switch k {
	case artefact.LOTL:
		return listsOfLists
	case artefact.Status, artefact.IdentifierList, artefact.CRL, artefact.Aggregation:
		return statusLists
	default:
		return trustLists
	}
}

// nameOf is what may be logged of a target: what tells of revocations goes by its
// kind, since there its URL can say whose credential it was that led to it.
func nameOf(id artefact.ID) string {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		return "status"
	case artefact.CRL, artefact.Aggregation:
		return string(id.Kind)
	default:
		return id.Name
	}
}

// openStages opens the next stage when all of the earlier ones had their first
// look, or when patience is over. The caller holds mu.
func (f *Follower) openStages() {
	for f.stage < statusLists && (f.allLooked() || time.Since(f.opened) >= patience) {
		f.stage++
		f.opened = time.Now()
	}
}

func (f *Follower) allLooked() bool {
	for _, g := range f.followed {
		if !g.looked && stageOf(g.target.ID.Kind) <= f.stage {
			return false
		}
	}
	return true
}

// impatience tells when the open stage has held up the next for long enough; nil,
// which never does, when none is held up.
func (f *Follower) impatience() <-chan time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stage == statusLists {
		return nil
	}
	return time.After(time.Until(f.opened.Add(patience)))
}
