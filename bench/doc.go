// Package bench measures the product against floors in the same run.
//
// The simulator here runs the spread protocol of package gossip, that very code, for
// hundreds of members in virtual time, from a seed: a run that shows something can be
// repeated. What carries the protocol is a model: packets that get lost, connections
// that have to be opened first and lose time with every loss, bodies that wait for one
// another on a link. What it does not model: the CPU, memberlist's own packets, and
// packets that get lost because there are too many.
//
// Spread is updates and how long they take to the last member, beside flooding and
// stock memberlist; Partition two halves that meet again; Malicious members that lie;
// Day what a quiet day costs. Each is a struct to fill in, with Run for one seed, and
// results that can be written as JSON.
package bench
