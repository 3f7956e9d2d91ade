package cose

// ToBeSigned is the Sig_structure of s.
func (s *Sign1) ToBeSigned(external []byte) []byte {
	return structure("Signature1", s.rawProtected, external, s.Payload)
}

// ToBeMACed is the MAC_structure of m.
func (m *Mac0) ToBeMACed(external []byte) []byte {
	return structure("MAC0", m.rawProtected, external, m.Payload)
}
