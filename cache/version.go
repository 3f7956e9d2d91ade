package cache

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// version is one version's bytes.
type version struct {
	ref artefact.Ref
	b   []byte
}

// replace puts the next version in force.
func (h *heldList) replace(r reading, raw artefact.Raw, ref artefact.Ref, o Options) []Event {
	events := []Event{{Type: ListChanged, List: h.source.Name, Detail: fmt.Sprintf("sequence %d", r.list.Sequence), Ref: ref, Door: raw.Door}}
	if !h.held(raw.At) {
		h.previous = nil // that of a hold which has passed
	}
	if h.list != nil {
		added, removed := h.added(r.list), h.remove(r.list, raw.At, o)
		events = append(append(events, added...), removed...)
		if h.previous == nil && h.held(raw.At) && !h.lost() {
			h.previous = &version{h.ref, h.b}
		}
	}
	m := markOf(r, ref.Digest, h.source.OJ)
	if !slices.Equal(m.Pivots, h.mark.Pivots) {
		h.generation++ // whoever reads another version just now reads it again
	}
	h.hold(r.list, raw, ref)
	h.mark = m
	h.looked, h.note = raw.At, raw.Note
	h.failure, h.waiting, h.orphan = nil, nil, false
	h.soaked = raw.At.Add(soakOf(raw.Door, o))
	h.soaks = raw.At.Before(h.soaked)
	h.seen(raw.At)
	return events
}

// again takes in once more what is held, perhaps under another signature.
func (h *heldList) again(l *trustlist.List, raw artefact.Raw, ref artefact.Ref) []Event {
	// Only a look at the origin makes a copy younger: a peer or a disk that hands
	// over what is held already proves nothing.
	if raw.Door == artefact.Origin || raw.Door == artefact.File {
		h.looked, h.note = raw.At, raw.Note
		h.failure, h.waiting = nil, nil
	}
	if raw.Door == artefact.Peer {
		h.soaked = earlier(h.soaked, raw.At) // others hold it
	}
	if h.prefers(l, ref.Digest) {
		resigned := ref.Digest != h.ref.Digest
		if resigned && raw.Door != artefact.Origin && raw.Door != artefact.File {
			h.note = "" // of the origin's bytes, which these are not
		}
		h.hold(l, raw, ref)
		h.mark.Digest, h.minor = ref.Digest, resigned
	}
	return h.vouch(true, raw.At)
}

// prefers says whether a signature over the payload that is held is the better one:
// one by whoever is named now, or that lasts longer. Of two that are as good every
// node keeps the same, that of the lower digest. Bytes that are lost are welcome.
func (h *heldList) prefers(l *trustlist.List, d artefact.Digest) bool {
	switch {
	case h.orphan:
		return true
	case !l.NotAfter.Equal(h.list.NotAfter): // of a VICAL, which ends with its signer
		return l.NotAfter.After(h.list.NotAfter)
	case d == h.ref.Digest:
		return h.lost()
	}
	return bytes.Compare(d[:], h.ref.Digest[:]) < 0
}

// hold keeps a list with its bytes.
func (h *heldList) hold(l *trustlist.List, raw artefact.Raw, ref artefact.Ref) {
	h.list, h.ref, h.b, h.door, h.durable = l, ref, raw.Bytes, raw.Door, false
	h.delivery = deliveryOf(raw)
}

// soakOf is how long a new version is kept from others. What comes from a peer has
// soaked where it came from, and what is published here is meant for all at once.
func soakOf(door artefact.Door, o Options) time.Duration {
	if door == artefact.Peer || door == artefact.Publish {
		return 0
	}
	return o.Soak
}

// added tells of anchors that the next version has and this one has not.
func (h *heldList) added(next *trustlist.List) (events []Event) {
	for _, a := range missing(next, keysOf(h.list)) {
		events = append(events, Event{Type: AnchorAdded, List: h.source.Name, Detail: anchorText(a), Anchor: a})
	}
	return events
}

// seen notes since when each anchor has been known.
func (h *heldList) seen(at time.Time) {
	was := h.firstSeen
	h.firstSeen = make(map[anchorKey]time.Time, len(h.list.Anchors))
	for _, a := range h.list.Anchors {
		k := keyOf(a)
		if since, ok := was[k]; ok {
			h.firstSeen[k] = since
		} else {
			h.firstSeen[k] = at
		}
	}
}
