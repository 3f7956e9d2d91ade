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
// is pushed at once along some rings through the members, those who hold the body say
// so along others, and summaries of all heads are compared in pairs, seldom while
// nothing happens and often for a moment after a change.
package gossip
