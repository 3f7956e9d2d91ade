package lote

import "github.com/go-json-experiment/json"

// Claims are what a list says of itself before anybody has checked its signature:
// good for choosing which list it may be, and for nothing else.
type Claims struct {
	Type     string // LoTEType as it is written, without aliases
	Sequence uint64
}

// Claims reads the unverified payload, with or without the outer member, and is
// zero where it cannot be read.
func (u *Unverified) Claims() Claims {
	o, _ := u.outline()
	return Claims{Type: o.Type, Sequence: o.Sequence}
}

// outline are the few members that are looked at before the signature.
type outline struct {
	Type           string `json:"LoTEType"`
	Sequence       uint64 `json:"LoTESequenceNumber"`
	InformationURI []struct {
		URI string `json:"uriValue"`
	} `json:"SchemeInformationURI"`
}

func (u *Unverified) outline() (o outline, ok bool) {
	var doc struct {
		LoTE struct {
			Scheme *outline `json:"ListAndSchemeInformation"`
		}
		Scheme *outline `json:"ListAndSchemeInformation"` // no outer member
	}
	if deeper(u.jws.Payload, MaxDepth) || json.Unmarshal(u.jws.Payload, &doc) != nil {
		return outline{}, false
	}
	switch {
	case doc.LoTE.Scheme != nil:
		return *doc.LoTE.Scheme, true
	case doc.Scheme != nil:
		return *doc.Scheme, true
	}
	return outline{}, false
}
