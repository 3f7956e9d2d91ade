// Package gossip spreads the news of list versions among the members of a cluster:
// who holds which version of which list. It moves references alone. A body is pulled
// from whoever holds it, by its digest, and judged by the one who pulled it, so that a
// peer adds availability and never trust.
//
// Core is the protocol as a state machine without I/O, clock or goroutines: Step takes
// what happened and returns what is to be done. Whoever carries it (memberlist and
// QUIC, or a simulator) delivers what it sends, may lose, repeat and reorder it, and
// calls Step with Tick at the time that Next says. Its randomness is seeded, so that a
// run can be repeated.
//
// Applying what is heard is commutative and monotone: the highest version wins, in
// whatever order news comes. Three ways of hearing back each other up: an announcement
// is pushed at once along rings through the members (all of them by whoever has the news
// and by who hears it from there, some by the others), those who hold the body say so
// along more of them, and summaries of all heads are compared in pairs, seldom while
// nothing happens and often for a moment after a change. Who has passed news on is asked
// for the body before it holds it, and lets those wait who ask, so that bodies travel
// along the same ways.
package gossip
