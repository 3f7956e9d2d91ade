package sigalg

import "crypto/ecdsa"

// maxDER holds an ECDSA signature of P-521: two integers of 66 bytes, a sign byte
// and a header of two each, and the header of the sequence.
const maxDER = 3 + 2*(2+1+66)

// verifyECDSA turns r and s into the ASN.1 form, which is what crypto/ecdsa has a
// fast path for. It is only ever handed the form it makes itself, so that the
// liberties of ASN.1 do not come in.
func verifyECDSA(alg Alg, key *ecdsa.PublicKey, digest, sig []byte) bool {
	n := (curve(alg).Params().BitSize + 7) / 8
	if len(sig) != 2*n {
		return false
	}
	var buf [maxDER]byte
	return ecdsa.VerifyASN1(key, digest, derSignature(buf[:0], sig[:n], sig[n:]))
}

// derSignature appends SEQUENCE { INTEGER r, INTEGER s }.
func derSignature(out, r, s []byte) []byte {
	r, s = trim(r), trim(s)
	n := intLen(r) + intLen(s)
	out = append(out, 0x30)
	if n > 127 {
		out = append(out, 0x81)
	}
	out = append(out, byte(n))
	return appendInt(appendInt(out, r), s)
}

func trim(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func intLen(b []byte) int {
	if b[0] >= 0x80 {
		return len(b) + 3
	}
	return len(b) + 2
}

func appendInt(out, b []byte) []byte {
	out = append(out, 0x02)
	if b[0] >= 0x80 {
		out = append(out, byte(len(b)+1), 0)
	} else {
		out = append(out, byte(len(b)))
	}
	return append(out, b...)
}
