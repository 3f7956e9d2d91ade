// Package etsitl reads EU trusted lists: ETSI TS 119 612 V2.4.1 (version 6 of the
// format), and V2.2.1 (version 5) for lists issued before 29 April 2026 and for the
// releases of the past that introduce signers. It reads the Commission's list of
// trusted lists, its pivots, and national lists.
//
// Most callers use Parse, then VerifyLOTL with the signers of the Official Journal
// or of the newest pivot, and VerifyNational with a pointer of the LOTL. Before the
// signature is checked, SchemeInformation alone is read, for Claims and Pivots, which
// say where to look and nothing else; values come from the bytes that were digested
// alone (trust lists 2.3). A national list yields anchors for the types of services it
// is asked for, which by default are attestations of attributes.
//
// Not here: everything that needs a clock or a history (issued in the future,
// expired, rollback, conflict), and the walk over the pivots, which are the cache's.
// ServiceHistory is passed over: it says who was trusted in the past. So are the
// qualifiers of services, which are about certificates and not about attestations.
//
// Refusals are trustlist_* codes.
package etsitl

import (
	"strconv"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Limits, beside those of the XML document itself: 16 MiB, 64 levels, 2 million
// nodes. The largest list of 2026 has 547 services, the LOTL 43 pointers.
const (
	MaxPivots       = 32
	MaxPointers     = 256
	MaxServices     = 20_000
	MaxCertificates = 40_000   // of pointers and services together
	MaxMembers      = 64       // different elements within one that holds each once
	MaxValues       = 256      // names or URIs of one member
	MaxText         = 64 << 10 // bytes of one value
	MaxMonths       = 6        // from ListIssueDateTime to NextUpdate
	maxSkippedPart  = 2        // more than 1/2 of the certificates unparsable: the list is malformed
)

// Unverified is a list whose signature nobody has checked.
type Unverified struct {
	doc    *xmldsig.Document
	scheme *scheme // as it claims
}

// Parse reads a list as received. A byte order mark and a missing XML declaration
// are tolerated. The refusals are trustlist_too_large, trustlist_malformed,
// trustlist_xml_dtd_forbidden, trustlist_signature_missing and, for a signature in
// the wrong place, trustlist_xml_wrapping.
func Parse(b []byte) (*Unverified, error) {
	doc, err := xmldsig.Parse(b)
	if err != nil {
		return nil, refusal(err)
	}
	u := &Unverified{doc: doc}
	err = walk(doc.UnsafeReader(), parts{scheme: func(r *xmldsig.Reader) (err error) {
		u.scheme, err = readScheme(r, false)
		return err
	}})
	if err != nil {
		return nil, err
	}
	if err := doc.CheckShape(); err != nil {
		return nil, refusal(err)
	}
	return u, nil
}

// Claims is what a list says of itself.
type Claims struct {
	LOTL      bool   // the list of trusted lists, or a pivot
	Territory string // ISO 3166 (GR, not EL), or EU
	Sequence  uint64 // 0: none that can be read
	Type      string
}

// Claims says what the unverified document says of itself, for choosing which list
// it may be, and for nothing else.
func (u *Unverified) Claims() Claims {
	v := u.scheme.values
	sequence, err := strconv.ParseUint(v["TSLSequenceNumber"], 10, 64)
	if err != nil {
		sequence = 0
	}
	return Claims{
		LOTL:      Same(v["TSLType"], typeLOTL),
		Territory: trustlist.Territory(v["SchemeTerritory"]),
		Sequence:  sequence,
		Type:      v["TSLType"],
	}
}

func malformed(format string, args ...any) error {
	return reason.Refuse(reason.TrustListMalformed, format, args...)
}
