package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// countAnchors counts anchors by scope. Those of a bundle have none yet: the
// configuration that names it says what they are for.
func countAnchors(all []*trustlist.Anchor, kind artefact.Kind, at time.Time) (rows []anchors) {
	for _, a := range all {
		row := anchors{Kind: a.Kind, Territory: a.Territory, Purpose: a.Purpose}
		if kind == artefact.Anchors {
			row.Kind, row.Purpose = "", ""
		}
		n := slices.IndexFunc(rows, func(r anchors) bool {
			return r.Kind == row.Kind && r.Territory == row.Territory && r.Purpose == row.Purpose
		})
		if n < 0 {
			n, rows = len(rows), append(rows, row)
		}
		rows[n].Named++
		if a.Usable && a.ValidAt(at) {
			rows[n].InForce++
		}
	}
	slices.SortFunc(rows, func(a, b anchors) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Territory, b.Territory), cmp.Compare(a.Purpose, b.Purpose))
	})
	return rows
}

// countSkipped counts certificates that yield no anchor, by reason.
func countSkipped(all []trustlist.Skipped) (rows []skipped) {
	for _, s := range all {
		n := slices.IndexFunc(rows, func(r skipped) bool { return r.Why == s.Why })
		if n < 0 {
			n, rows = len(rows), append(rows, skipped{Why: s.Why})
		}
		rows[n].Count++
	}
	slices.SortFunc(rows, func(a, b skipped) int { return cmp.Compare(a.Why, b.Why) })
	return rows
}
