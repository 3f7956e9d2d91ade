package node

import (
	"encoding/hex"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// listInfo is what the store knows of a list in the words of the interface.
func (n *Node) listInfo(in cache.Info, now time.Time) api.ListInfo {
	src := in.Source
	l := api.ListInfo{
		Name: src.Name, Type: string(src.Type), Parent: src.Parent, Territory: src.Territory, Profile: src.Profile, URL: src.URL,
		State: string(in.State), LookedAt: in.LookedAt, HeldUntil: in.HeldUntil, SoaksUntil: in.SoaksUntil, Refused: []api.RefusedInfo{},
	}
	if in.List != nil {
		l.Sequence, l.Version, l.SHA256 = in.List.Sequence, in.List.Version, in.Ref.Digest.String()
		l.Issued, l.NextUpdate, l.Signer = in.List.Issued, in.NextUpdate, api.Signer(in.List.Signer)
		l.Territory = trustlist.Territory(in.List.Territory)
		l.From, l.SpreadSeconds = in.From, in.Spread.Seconds()
		l.CameFrom, l.Anchors, l.Services, l.Skipped = string(in.Door), len(in.List.Anchors), in.List.Services, len(in.List.Skipped)
		l.Warnings = in.List.Warnings
		l.AgeSeconds = max(0, int64(now.Sub(in.LookedAt)/time.Second))
		if n.disk != nil && src.Type != artefact.Anchors {
			l.Durable = &in.Durable
		}
	}
	if f := in.Failure; f != nil {
		l.LastError = &api.FailureInfo{At: f.At, Detail: f.Detail}
	}
	if w := in.Waiting; w != nil {
		l.Quarantined = &api.QuarantinedInfo{Sequence: w.Version, SHA256: w.Digest.String(), Code: string(reason.TrustListSequenceJump)}
	}
	if c := in.Conflict; c != nil {
		l.Conflict = &api.ConflictInfo{Sequence: c.Sequence, Kept: c.Kept.String(), Refused: c.Refused.String()}
	}
	for _, r := range in.Refused {
		l.Refused = append(l.Refused, api.RefusedInfo{At: r.At, Door: string(r.Door), Code: string(r.Code), Detail: r.Detail})
	}
	return l
}

// Anchors describes the anchors of a list, with where they come from.
func (e engine) Anchors(name string) (api.ListAnchors, bool) {
	list, in, ok := e.store.Anchors(name, time.Now())
	if !ok {
		return api.ListAnchors{}, false
	}
	a := api.ListAnchors{
		List: name, Type: string(in.Source.Type), URL: in.Source.URL, State: string(in.State), CameFrom: string(in.Door),
		Anchors: make([]api.AnchorInfo, len(list)), Skipped: []api.SkippedInfo{}, Warnings: []string{},
	}
	for i, an := range list {
		a.Anchors[i] = api.Anchor(an.Anchor)
		a.Anchors[i].Standing, a.Anchors[i].HeldUntil, a.Anchors[i].SeenAt = api.Standing(an.Standing), an.HeldUntil, an.Seen
	}
	if l := in.List; l != nil {
		a.Sequence, a.SHA256, a.Issued, a.NextUpdate = l.Sequence, in.Ref.Digest.String(), l.Issued, l.NextUpdate
		a.Signer, a.SignedAt, a.Warnings = api.Signer(l.Signer), l.SignedAt, l.Warnings
		for _, s := range l.Skipped {
			a.Skipped = append(a.Skipped, api.SkippedInfo{Entity: s.Entity, SHA256: hex.EncodeToString(s.SHA256[:]), Why: s.Why})
		}
	}
	return a, true
}

// Artefact returns the signed bytes of a list.
func (e engine) Artefact(digest [32]byte) (api.Artefact, bool) {
	b, kind, ok := e.store.Artefact(digest)
	return api.Artefact{Kind: string(kind), Bytes: b}, ok
}

// told counts an event, shows it to those who follow the stream, and has the lists
// that a LOTL names followed as soon as it has changed.
func (n *Node) told(ev cache.Event) {
	n.metrics.event(ev)
	out := api.Event{
		At: time.Now(), Type: api.EventType(ev.Type), List: ev.List, Code: ev.Code, Detail: ev.Detail, Door: string(ev.Door),
	}
	if ev.Ref.Digest != (artefact.Digest{}) {
		out.Sequence, out.SHA256 = ev.Ref.Version, ev.Ref.Digest.String()
	}
	if a := ev.Anchor; a != nil {
		out.CertificateSHA256, out.Kind, out.Territory = hex.EncodeToString(a.ID[:]), string(a.Kind), a.Territory
	}
	n.feed.Add(out)
	if ev.Type == cache.ListChanged && ev.Ref.ID.Kind == artefact.LOTL {
		n.follower.Sync()
	}
}
