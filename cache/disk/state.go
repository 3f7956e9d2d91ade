package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// A state file is, with numbers in big endian:
//
//	magic     8 bytes
//	key       2 bytes of length, then the key
//	digest    32 bytes, of the body; zero: none
//	state     4 bytes of length, then the state
//	checksum  32 bytes, SHA-256 of all before
//
// It carries its key because its name is only the key's digest.
const (
	stateMagic    = "edgest\x00\x01"
	stateOverhead = len(stateMagic) + 2 + sha256.Size + 4 + sha256.Size
	maxStateFile  = stateOverhead + MaxKey + MaxState
)

// stateName is the name of a key's state file. A key comes from outside, so it is
// never a part of a path itself.
func stateName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return stateDir + "/" + hex.EncodeToString(sum[:])
}

// bodyName is the name of a body's file.
func bodyName(digest [32]byte) string { return bodyDir + "/" + hex.EncodeToString(digest[:]) }

// digestOf reads a file's name, which in both subfolders is a digest.
func digestOf(name string) (digest [32]byte, ok bool) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != len(digest) || hex.EncodeToString(b) != name {
		return digest, false
	}
	return [32]byte(b), true
}

// encodeState writes the state file of a record that check has passed.
func encodeState(r Record) []byte {
	b := make([]byte, 0, stateOverhead+len(r.Key)+len(r.State))
	b = append(b, stateMagic...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Key)))
	b = append(b, r.Key...)
	b = append(b, r.Digest[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.State)))
	b = append(b, r.State...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeState reads a state file. Only what encodeState writes is accepted, to the
// octet.
func decodeState(file []byte) (Record, error) {
	if len(file) < stateOverhead || len(file) > maxStateFile {
		return Record{}, fmt.Errorf("not the size of a state: %d bytes", len(file))
	}
	b, checksum := file[:len(file)-sha256.Size], file[len(file)-sha256.Size:]
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:], checksum) {
		return Record{}, errors.New("checksum does not match")
	}
	b, ok := bytes.CutPrefix(b, []byte(stateMagic))
	if !ok {
		return Record{}, errors.New("not a state file of this version")
	}
	// The checksum says that somebody wrote these lengths, not that they are right.
	key, b, ok := cut(b[2:], int(binary.BigEndian.Uint16(b)))
	if !ok || len(key) == 0 || len(key) > MaxKey || len(b) < sha256.Size+4 {
		return Record{}, errors.New("key has a wrong length")
	}
	r := Record{Key: string(key), Digest: [32]byte(b)}
	b = b[sha256.Size:]
	if uint64(binary.BigEndian.Uint32(b)) != uint64(len(b)-4) || len(b)-4 > MaxState {
		return Record{}, errors.New("state has a wrong length")
	}
	r.State = bytes.Clone(b[4:])
	return r, nil
}

// cut splits b after n bytes, if it has so many.
func cut(b []byte, n int) (head, tail []byte, ok bool) {
	if n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
