package cache

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// AdmitFound is Admit for a status list or identifier list that a peer has found and
// that may not be followed here: the URI is the token's own, whatever raw.ID says. It
// is taken in if it is signed under an anchor that counts, has MinStored entries, comes
// from where the node may fetch, and fits within the limits for lists that credentials
// lead to; from then on it is followed as one of those. It takes what memory is free.
// The error is a refusal, for which Waits and PeersFault say what follows from it.
func (s *Store) AdmitFound(raw artefact.Raw) (Outcome, error) {
	raw.Door, raw.Note = artefact.Peer, ""
	if len(raw.Bytes) > MaxStatus {
		return s.refuseFound(raw, reason.Refuse(reason.StatusListTooLarge, "more than %d bytes", MaxStatus))
	}
	id, err := FoundID(raw.Bytes)
	if err != nil {
		return s.refuseFound(raw, err)
	}
	raw.ID = id
	switch {
	case s.followsStatus(id):
		return s.Admit(raw)
	case !s.opts.Permit(id):
		return Outcome{}, declined("this node may not fetch from where the list is published")
	}
	_, signer, token, err := s.readStatus(raw)
	if err != nil {
		return s.refuseFound(raw, err)
	}
	if token.Len() < MinStored {
		return Outcome{}, declined("a list of few entries is not taken from others: it could point at a person")
	}
	s.mu.Lock()
	of := owner{signer.Anchors[0].List, signer.Anchors[0].Entity}
	var out Outcome
	_, known := s.status[id]
	grown := s.grown
	switch {
	case !known && !s.mayFollow(id, of, nil):
		err = declined("too many status lists are followed")
	default:
		s.followStatus(id, Found, of, raw.At)
		if out, err = s.takeStatus(raw, signer, token, !known); err != nil && !known {
			s.leave(s.status[id])
			s.grown = grown
		}
	}
	s.mu.Unlock()
	s.settle()
	return out, err
}

// FoundID is the list that a token says it is of, which nobody has verified.
func FoundID(b []byte) (artefact.ID, error) {
	var first error
	for _, kind := range []artefact.Kind{artefact.Status, artefact.IdentifierList} {
		u, err := parseStatus(kind, b)
		if err == nil {
			return artefact.ID{Kind: kind, Name: u.URI()}, nil
		}
		if first == nil {
			first = err
		}
	}
	return artefact.ID{}, first
}

func (s *Store) refuseFound(raw artefact.Raw, err error) (Outcome, error) {
	s.refused(raw, err)
	s.settle()
	return Outcome{}, err
}

// blamed is a refusal that says another thing of the peer than its code mostly does.
type blamed struct {
	error
	fault fault
}

func (b blamed) Unwrap() error { return b.error }

// blameless is a refusal that is nobody's fault, and that does not wait for anything.
func blameless(err error) error { return blamed{err, nobodys} }

func declined(detail string) error {
	return blameless(&reason.Refusal{Code: reason.ArtefactUnknown, Detail: detail})
}

// fault says what a refusal of a peer's bytes says of the peer.
type fault int

const (
	nobodys fault = iota + 1 // late, or good for others, whose configuration, clock or memory is another
	waits                    // who signed them, or what they are of, may be known later
	peers                    // they cannot be good for anybody
)

// faults are those of the codes that bytes of a list can be refused with. Where a code
// covers what honest nodes may disagree on, it is nobody's: an honest relay that is
// avoided costs more than another fetch from a bad one.
var faults = map[reason.Code]fault{
	reason.ArtefactUnknown:        waits,
	reason.TrustListSignerUnknown: waits,
	reason.TrustListPivotBroken:   waits, // most often for want of a pivot
	reason.VICALSignerUntrusted:   waits,
	reason.StatusSignerUntrusted:  waits,
	reason.CRLIssuerMismatch:      waits,

	reason.TrustListTooLarge:           peers,
	reason.TrustListMalformed:          peers,
	reason.TrustListSignatureMissing:   peers,
	reason.TrustListSignatureInvalid:   peers,
	reason.TrustListAlgForbidden:       peers,
	reason.TrustListXMLDTDForbidden:    peers,
	reason.TrustListXMLWrapping:        peers,
	reason.ListUnsigned:                peers,
	reason.VICALMalformed:              peers,
	reason.VICALSignatureInvalid:       peers,
	reason.VICALTooLarge:               peers,
	reason.StatusTokenMalformed:        peers,
	reason.StatusTokenTypeInvalid:      peers,
	reason.StatusTokenClaimMissing:     peers,
	reason.StatusTokenSignatureInvalid: peers,
	reason.StatusSubMismatch:           peers,
	reason.StatusListDecompressFailed:  peers,
	reason.StatusListTooLarge:          peers,
	reason.StatusBitsInvalid:           peers,
	reason.IDListTokenMalformed:        peers,
	reason.IDListTypeInvalid:           peers,
	reason.IDListHasStatusList:         peers,
	reason.IDListX5ChainMissing:        peers,
	reason.IDListExpMissing:            peers,
	reason.StatusAggregationMalformed:  peers,
	reason.CRLMalformed:                peers,
	reason.CRLTooLarge:                 peers,
	reason.CRLSignatureInvalid:         peers,

	reason.TrustListSignerExpired:            nobodys,
	reason.TrustListSignerSchemeMismatch:     nobodys,
	reason.TrustListWrongType:                nobodys,
	reason.TrustListWrongTerritory:           nobodys,
	reason.TrustListVersionUnsupported:       nobodys,
	reason.TrustListNotYetValid:              nobodys,
	reason.TrustListExpired:                  nobodys,
	reason.TrustListValidityTooLong:          nobodys,
	reason.TrustListRollback:                 nobodys,
	reason.TrustListConflict:                 nobodys,
	reason.TrustListSequenceJump:             nobodys,
	reason.TrustListCriticalExtensionUnknown: nobodys,
	reason.TrustListProfileViolation:         nobodys,
	reason.TrustListStale:                    nobodys,
	reason.TrustListOJMismatch:               nobodys,
	reason.TrustListLocationConflict:         nobodys,
	reason.TrustListPointerInvalid:           nobodys,
	reason.VICALRollback:                     nobodys,
	reason.VICALConflict:                     nobodys,
	reason.VICALExpired:                      nobodys,
	reason.VICALDocTypeNotListed:             nobodys,
	reason.StatusTokenExpired:                nobodys,
	reason.StatusTokenRollback:               nobodys,
	reason.StatusMemoryFull:                  nobodys,
	reason.CRLExpired:                        nobodys,
	reason.CRLRollback:                       nobodys,
	reason.CRLCriticalExtensionUnknown:       nobodys,
	reason.AlgUnsupported:                    nobodys,
	reason.ChainInvalid:                      nobodys,
	reason.ClockUntrusted:                    nobodys,
	reason.NodeNotSeeded:                     nobodys,
	reason.InternalError:                     nobodys,
}

// Waits says whether bytes were refused because it is not known who signed them, or what
// they are of: they may be judged again when Learned has changed.
func Waits(err error) bool { return faultOf(err) == waits }

// PeersFault says whether bytes were refused that cannot be good for anybody: who sent
// them should have known.
func PeersFault(err error) bool { return faultOf(err) == peers }

// Late says whether bytes were refused because something newer is held.
func Late(err error) bool { return slices.Contains(late, reason.CodeOf(err)) }

func faultOf(err error) fault {
	var b blamed
	if errors.As(err, &b) {
		return b.fault
	}
	return faults[reason.CodeOf(err)]
}

// late are the refusals of what was good until something newer came.
var late = []reason.Code{reason.TrustListRollback, reason.VICALRollback, reason.StatusTokenRollback, reason.CRLRollback}

// forOperator says whether a refusal is of what a publisher has signed and an operator
// should look at, whoever brought it.
func forOperator(c reason.Code) bool {
	return slices.Contains([]reason.Code{reason.TrustListConflict, reason.VICALConflict, reason.TrustListSequenceJump}, c)
}

// FromPeers counts refusals of what peers sent that nobody is told of, since the start.
type FromPeers struct {
	Late    uint64 // older than what is held
	Waiting uint64 // who signed it is not known
}

// FromPeers returns the counts.
func (s *Store) FromPeers() FromPeers {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fromPeers
}

// quiet counts a refusal of a peer's bytes if that is all that is to be done about it:
// that peers are late, or know of more signers, is as it should be. wanted are the
// pivots that the bytes name. The caller holds mu.
func (s *Store) quiet(raw artefact.Raw, err error, wanted []string) bool {
	code := reason.CodeOf(err)
	switch {
	case Late(err):
		s.fromPeers.Late++
	case Waits(err) && code != reason.ArtefactUnknown:
		s.fromPeers.Waiting++
		if h := s.listOf(raw.ID); h != nil && wanted != nil {
			s.offeredBy(h, wanted)
		}
	default:
		return false
	}
	s.log.Log(context.Background(), slog.LevelDebug, "artefact of a peer not taken", "list", s.nameFor(raw.ID), "kind", raw.ID.Kind, "from", raw.From, "code", code)
	return true
}

// nameFor is what a log calls a list that a peer names. The caller holds mu.
func (s *Store) nameFor(id artefact.ID) string {
	if s.keptOf(id) != nil || s.listOf(id) != nil {
		return listName(id)
	}
	return "unknown"
}

// maxOffered bounds the pivots that are remembered since versions of peers name them.
const maxOffered = 2 * MaxPivots

// offeredBy notes pivots that a peer's bytes name, which nobody has signed as far as is
// known: they may be had from peers, if good, and are never fetched. The newest stay.
// The caller holds mu.
func (s *Store) offeredBy(h *heldList, uris []string) {
	for _, uri := range uris {
		if len(uri) > MaxPivotURL || h.pivots[uri] != nil || slices.Contains(h.offered, uri) {
			continue
		}
		h.offered = append(h.offered, uri)
		s.sharing = true
	}
	if n := len(h.offered) - maxOffered; n > 0 {
		h.offered = slices.Delete(h.offered, 0, n)
	}
	s.changed()
}
