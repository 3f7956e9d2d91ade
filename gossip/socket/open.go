package socket

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// A packet as memberlist writes it (security.go): a version, a nonce, the ciphertext and
// a tag over it.
const (
	version   = 1
	nonceSize = 12
	overhead  = 1 + nonceSize + 16
)

// opener says which packets were written by a holder of one of the keys. It is for one
// goroutine.
type opener struct {
	ciphers []cipher.AEAD
	plain   []byte
}

func newOpener(keys [][]byte) (*opener, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no key to read packets by")
	}
	o := &opener{plain: make([]byte, 0, maxPacket)}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("failed to use a gossip key: %w", err)
		}
		c, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("failed to use a gossip key: %w", err)
		}
		o.ciphers = append(o.ciphers, c)
	}
	return o, nil
}

// opens says whether a key opens a packet, and something is in it. It allocates nothing.
func (o *opener) opens(b []byte) bool {
	if len(b) <= overhead || len(b) > maxPacket || b[0] != version {
		return false
	}
	for _, c := range o.ciphers {
		if _, err := c.Open(o.plain, b[1:1+nonceSize], b[1+nonceSize:], nil); err == nil {
			return true
		}
	}
	return false
}
