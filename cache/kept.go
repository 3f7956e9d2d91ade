package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// kept is what is remembered of a status list, an identifier list or a revocation
// list beside what it says. Store.mu guards it.
type kept struct {
	came    Came
	owner   owner
	refusal *Refusal // of the newest version, nil if it was good
	failure *Failure // of the newest look, nil if it did not fail
	looked  time.Time
	note    string // of the origin, with the newest version

	elsewhere time.Time // last look of enough other nodes that found what is held

	stored []artefact.Digest          // versions that are on disk
	bytes  map[artefact.Digest][]byte // as received, of those that are not yet
	alone  map[artefact.Digest][]byte // and of those that never will be
	size   int64                      // what it takes of the memory
}

// refusedWith keeps why the newest version was refused. An older one than the held
// says nothing about the newest, and neither does bytes that nobody asked for.
func (k *kept) refusedWith(r Refusal) {
	switch r.Code {
	case reason.StatusTokenRollback, reason.CRLRollback, reason.ArtefactUnknown:
	default:
		k.refusal = &r
	}
}

// code is that of the newest version, "" if it was good.
func (k *kept) code() reason.Code {
	if k.refusal == nil {
		return ""
	}
	return k.refusal.Code
}

// admitted notes a look that brought a good version. A peer's is no look: it counts if
// it is news, and what the origin noted is good for the origin's bytes alone. replaced:
// the bytes are held, and were not.
func (k *kept) admitted(raw artefact.Raw, how succession, replaced bool) {
	if raw.Door == artefact.Peer && how == same {
		if replaced {
			k.note = ""
		}
		return
	}
	k.refusal, k.failure, k.looked, k.note = nil, nil, raw.At, raw.Note
}

// take holds the bytes of a version, until the disk has them if it may ever. Those of
// versions that are not held any more go.
func (k *kept) take(d artefact.Digest, b []byte, held []artefact.Digest, alone bool) {
	gone := func(d artefact.Digest, _ []byte) bool { return !slices.Contains(held, d) }
	maps.DeleteFunc(k.bytes, gone)
	maps.DeleteFunc(k.alone, gone)
	into := &k.bytes
	if alone {
		into = &k.alone
	}
	if !slices.Contains(held, d) || slices.Contains(k.stored, d) {
		return
	}
	if *into == nil {
		*into = make(map[artefact.Digest][]byte)
	}
	(*into)[d] = b
}

// inMemory is how many bytes as received stay in memory for good.
func (k *kept) inMemory(withDisk bool) (n int64) {
	for _, b := range k.alone {
		n += int64(len(b))
	}
	for _, b := range k.bytes {
		if !withDisk {
			n += int64(len(b))
		}
	}
	return n
}

// inMemoryWith is what inMemory will be once so many bytes of a version were taken,
// of those that are then held.
func (k *kept) inMemoryWith(d artefact.Digest, received int, held []artefact.Digest, alone, withDisk bool) (n int64) {
	stays := make(map[artefact.Digest]int, len(held))
	for have, b := range k.alone {
		stays[have] = len(b)
	}
	for have, b := range k.bytes {
		if !withDisk {
			stays[have] = len(b)
		}
	}
	if alone || !withDisk {
		stays[d] = received
	}
	for have, size := range stays {
		if slices.Contains(held, have) {
			n += int64(size)
		}
	}
	return n
}

// records of versions: what is to be written and is not on disk yet, and what is and
// was replaced.
func (k *kept) records(id artefact.ID, held []artefact.Ref) (list []disk.Record, forgotten []string) {
	for _, ref := range held {
		b, ok := k.bytes[ref.Digest]
		if !ok {
			continue
		}
		r := record{Kind: id.Kind, Version: ref.Version, Size: len(b), Came: k.came, Note: k.note, Looked: k.looked.Round(0)}
		if id.Kind == artefact.CRL {
			r.Name = id.Name // an authority's, which says nothing of a credential
		}
		list = append(list, r.under(versionKey(id, ref.Digest), ref.Digest, b))
	}
	for _, d := range k.stored {
		if !slices.ContainsFunc(held, func(ref artefact.Ref) bool { return ref.Digest == d }) {
			forgotten = append(forgotten, versionKey(id, d))
		}
	}
	return list, forgotten
}

// nowStored notes what is on disk and what is not any more. What was replaced while it
// was written is on disk, too, and is forgotten with the version that replaced it.
func (k *kept) nowStored(id artefact.ID, written []artefact.Digest, gone map[string]bool) {
	if len(gone) > 0 {
		k.stored = slices.DeleteFunc(k.stored, func(d artefact.Digest) bool { return gone[versionKey(id, d)] })
	}
	for _, d := range written {
		if !slices.Contains(k.stored, d) {
			k.stored = append(k.stored, d)
		}
		delete(k.bytes, d)
	}
}

// keptOf is what is remembered of a list that is no trust list; nil: it is not
// followed. The caller holds mu.
func (s *Store) keptOf(id artefact.ID) *kept {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		if h, ok := s.status[id]; ok {
			return &h.kept
		}
	case artefact.CRL:
		if h, ok := s.crls[id.Name]; ok {
			return &h.kept
		}
	case artefact.Aggregation:
		if a, ok := s.aggregations[id.Name]; ok {
			return &a.kept
		}
	}
	return nil
}

// keptChanged has the next View show it. The caller holds mu.
func (s *Store) keptChanged(id artefact.ID) {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		s.touched[id] = true
	case artefact.CRL:
		s.crlView = nil
	}
	s.changed()
}

// keptOutcome is what is held, after a look that brought nothing new. The caller
// holds mu.
func (s *Store) keptOutcome(id artefact.ID) Outcome {
	switch id.Kind {
	case artefact.CRL:
		return s.crls[id.Name].outcome()
	case artefact.Aggregation:
		return Outcome{List: listName(id), Unchanged: true}
	}
	return s.status[id].outcome()
}

// versionKey names the record of one version. A status list's URI stands on disk
// inside the signed token alone.
func versionKey(id artefact.ID, d artefact.Digest) string {
	sum := sha256.Sum256([]byte(id.Name))
	return string(id.Kind) + " " + hex.EncodeToString(sum[:16]) + " " + d.String()
}
