// Package bench measures the product against floors in the same run.
//
// The simulator here runs the spread protocol of package gossip, that very code, for
// hundreds of members in virtual time, from a seed: a run that shows something can be
// repeated.
package bench
