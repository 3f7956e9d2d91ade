package cache

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// followNational makes the national lists that a new version of a LOTL names
// sources of their own. A list whose signer, or which itself, the LOTL no longer
// names goes into quarantine in the same step: nobody vouches for it any more, and
// nobody knows yet what is to follow. The caller holds mu.
func (s *Store) followNational(lotl *heldList, at time.Time) (events []Event) {
	s.learned++
	named := make(map[string]bool)
	for _, p := range lotl.list.Pointers {
		// A territory is two letters: anything else is no name for a list.
		if len(p.Territory) != 2 || !lotl.source.wants(p.Territory) {
			continue
		}
		src := lotl.source.national(p)
		named[src.Name] = true
		h, ok := s.lists[src.Name]
		if !ok {
			s.lists[src.Name] = &heldList{source: src, mark: s.marks[src.Name]}
			continue
		}
		if !h.unnamed && samePointer(h.source, src) {
			continue
		}
		h.source, h.unnamed, h.note = src, false, "" // the bytes are to be verified anew
		h.generation++
		events = append(events, h.vouch(h.list == nil || names(src.Signers, h.list.Signer), at)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.lists)) {
		if h := s.lists[name]; h.source.Parent == lotl.source.Name && !named[name] {
			h.source.Signers, h.source.Pointer.Signers = nil, nil
			h.unnamed = true
			h.generation++
			events = append(events, h.vouch(false, at)...)
		}
	}
	return events
}

// vouch notes whether the LOTL stands behind what is held.
func (h *heldList) vouch(named bool, at time.Time) []Event {
	if h.list == nil || h.orphan == !named {
		return nil
	}
	h.orphan = !named
	if named {
		return []Event{{Type: ListChanged, List: h.source.Name, Detail: "out of quarantine: its LOTL names its signer"}}
	}
	detail := fmt.Sprintf("in quarantine: LOTL %s no longer names its signer", h.source.Parent)
	h.refusedWith(Refusal{At: at, Door: artefact.Origin, Code: reason.TrustListSignerUnknown, Detail: detail})
	return []Event{{Type: ListRefused, List: h.source.Name, Code: string(reason.TrustListSignerUnknown), Detail: detail}}
}

func samePointer(a, b Source) bool {
	return a.URL == b.URL && slices.EqualFunc(a.Signers, b.Signers, (*x509.Certificate).Equal) &&
		slices.Equal(a.Pointer.Operators, b.Pointer.Operators) && a.Pointer.Type == b.Pointer.Type
}

func names(signers []*x509.Certificate, signer *x509.Certificate) bool {
	return signer != nil && slices.ContainsFunc(signers, signer.Equal)
}

// children are the national lists of a LOTL. The caller holds mu.
func (s *Store) children(lotl string) (list []*heldList) {
	for _, h := range s.lists {
		if h.source.Parent == lotl {
			list = append(list, h)
		}
	}
	return list
}
