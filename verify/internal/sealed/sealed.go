// Package sealed holds the key that makes a verified thing out of an unverified
// one. Only packages below verify can name it, so nobody else can claim to have
// checked a signature.
package sealed

// Key is passed by a parser to the constructor of the verified type, after the
// signature was checked.
type Key struct{}
