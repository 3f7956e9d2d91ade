package sdjwt

// testOnlyAnyTyp runs every step of a presentation that is a plain SD-JWT, not an
// SD-JWT VC: typ and the claims of an SD-JWT VC are not looked at. RFC 9901's own
// examples are such, and their signatures, digests and bindings are as good a test.
func testOnlyAnyTyp(s string, k checks) (*Credential, error) {
	p, err := Parse(s, k.limits)
	if err != nil {
		return nil, err
	}
	i, err := p.verifySignature(k.issuer)
	if err != nil {
		return nil, err
	}
	return testOnlyProcess(i, k)
}

func testOnlyProcess(i *Issued, k checks) (*Credential, error) {
	c, err := process(i.p)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"nbf", "exp", "iat"} {
		t, _ := readDate(c.claims, d)
		switch d {
		case "nbf":
			c.nbf = t
		case "exp":
			c.exp = t
		case "iat":
			c.iat = t
		}
	}
	return c, finish(c, k)
}

// testOnlyIssued passes a parsed presentation off as signed, for fuzzing what comes
// after the signature.
func testOnlyIssued(p *Presentation) *Issued { return &Issued{p} }
