package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// judge has a list admitted to a store of its own, in memory: the verdict is a
// node's because the code is.
type judge struct {
	at      time.Time
	signers []*x509.Certificate
	oj      string
	lotl    *subject // names the signers of a national list; nil: signers are its own
	pivots  []*subject
	quirks  lote.Options
}

// The name of the source that a list is judged as.
const inspected = "inspected"

// judge returns what the store knows of the list, and its refusal. After a refusal
// the list is nil, unless only the time is to blame.
func (j *judge) judge(s *subject) (cache.Info, error) {
	if s.err != nil {
		return cache.Info{}, s.err
	}
	if len(j.signers) == 0 && s.kind != artefact.Anchors {
		return cache.Info{}, s.noSigners()
	}
	info, err := j.admit(s, j.at, artefact.Publish)
	switch reason.CodeOf(err) {
	case reason.TrustListExpired, reason.VICALExpired:
		// A node reads lists that have ended back from its disk, so that it can say what
		// it had.
		info, _ = j.admit(s, j.at, artefact.Disk)
	case reason.TrustListNotYetValid:
		info, _ = j.admit(s, j.at.AddDate(100, 0, 0), artefact.Disk)
	}
	return info, err
}

// noSigners says which option names the signers.
func (s *subject) noSigners() error {
	const nobody = "nobody is trusted to sign it: "
	switch s.kind {
	case artefact.VICAL:
		return reason.Refuse(reason.VICALSignerUntrusted, nobody+"--signers names the provider's roots")
	case artefact.TL:
		return reason.Refuse(reason.TrustListSignerUnknown, nobody+"--lotl names the list of lists, and --signers who signs that one")
	default:
		return reason.Refuse(reason.TrustListSignerUnknown, nobody+"--signers names the certificates")
	}
}

// admit hands a new store the pivots, the list of lists, and the list itself.
func (j *judge) admit(s *subject, at time.Time, door artefact.Door) (cache.Info, error) {
	src := j.source(s)
	id := src.ID()
	if s.kind == artefact.TL && j.lotl != nil {
		src = j.source(j.lotl)
		id = artefact.NationalID(src.Name, s.territory)
	}
	if s.kind == artefact.Anchors {
		door = artefact.File
	}
	store := cache.New(cache.Options{Sources: []cache.Source{src}}, at)
	for _, p := range j.pivots {
		if err := j.admitPivot(store, p, at); err != nil {
			return cache.Info{}, prefixed("pivot "+p.name, err)
		}
	}
	if id.Kind == artefact.TL && j.lotl != nil {
		if _, err := store.Admit(artefact.Raw{ID: src.ID(), Door: door, Bytes: j.lotl.b, At: at}); err != nil {
			return cache.Info{}, prefixed("the list of lists", err)
		}
	}
	_, err := store.Admit(artefact.Raw{ID: id, Door: door, Bytes: s.b, At: at})
	if reason.CodeOf(err) == reason.ArtefactUnknown {
		err = reason.Refuse(reason.ArtefactUnknown, "the list of lists names no list for this territory")
	}
	if err != nil {
		return cache.Info{}, err
	}
	_, info, _ := store.Anchors(id.Name, j.at)
	return info, nil
}

// source is the list as a configuration would name it.
func (j *judge) source(s *subject) cache.Source {
	src := cache.Source{Name: inspected, Type: s.kind, Signers: j.signers, OJ: j.oj, LoTE: j.quirks}
	switch s.kind {
	case artefact.LOTL:
		src.OJ = cmp.Or(j.oj, config.OfficialJournal)
	case artefact.TL:
		src.OJ, src.Territory = "", s.territory
		src.Pointer = trustlist.Pointer{Territory: s.territory, Signers: j.signers}
	case artefact.Anchors:
		// What a bundle's anchors are for, the configuration says.
		src.Kind, src.Purposes = trustlist.KindPID, []trustlist.Purpose{trustlist.Issuance}
	}
	return src
}

func (j *judge) admitPivot(store *cache.Store, p *subject, at time.Time) error {
	if p.err != nil {
		return p.err
	}
	if p.pivots == nil {
		return reason.Refuse(reason.TrustListPivotBroken, "lists of its kind have no pivots")
	}
	uris, err := p.pivots(j.source(p).OJ)
	if err != nil {
		return err
	}
	if len(uris) == 0 {
		return reason.Refuse(reason.TrustListPivotBroken, "it names itself nowhere before the Official Journal")
	}
	_, err = store.Admit(artefact.Raw{ID: artefact.PivotID(inspected, uris[0]), Door: artefact.Disk, Bytes: p.b, At: at})
	return err
}

// oldestFirst is the order in which pivots vouch for one another.
func oldestFirst(pivots []*subject) {
	slices.SortStableFunc(pivots, func(a, b *subject) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), bytes.Compare(a.b, b.b))
	})
}

// prefixed is a refusal of something that the list depends on.
func prefixed(what string, err error) error {
	if r, ok := reason.Of(err); ok {
		return reason.Refuse(r.Code, "%s: %s", what, r.Detail)
	}
	return err
}
