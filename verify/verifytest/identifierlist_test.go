package verifytest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

type openedIdentifiers struct {
	Identifiers map[cbor.ByteString]map[string]any `cbor:"identifiers"`
	Aggregation string                             `cbor:"aggregation_uri"`
}

// TestIdentifierTokens: an issuer of mdocs has an identifier list from the start,
// and its token is as ISO/IEC 18013-5 wants it.
func TestIdentifierTokens(t *testing.T) {
	w := testWorld(t)
	uris := w.IdentifierURIs("https://other.example/")
	if want := []string{"de", "fr", "ut"}; len(uris) != len(want) || uris[0] != "https://other.example/status/de-identifiers" {
		t.Errorf("URIs %q", uris)
	}
	tokens := must[map[string]Current](t)(w.StatusTokens(testNow))
	for _, uri := range append(uris, w.IdentifierURIs("")...) {
		b, mediaType, ok, err := w.StatusToken(uri, testNow)
		if err != nil || !ok || mediaType != "application/identifierlist+cwt" || !bytes.Equal(b, tokens[uri].Token) || tokens[uri].Form != FormIdentifiers {
			t.Fatal(uri, mediaType, ok, err)
		}
		a := w.Authority(strings.TrimSuffix(uri[strings.LastIndex(uri, "/")+1:], "-identifiers"))
		protected, unprotected, claims := openCWT(t, b, &a.Revocation.Private.PublicKey)
		list := openCBOR[openedIdentifiers](t, claims[65530])
		if protected[16] != mediaType || !bytes.Equal(protected[33].([]byte), a.Revocation.Cert.Raw) || len(unprotected) > 0 ||
			openCBOR[string](t, claims[2]) != uri || openCBOR[int64](t, claims[6]) != testNow.Unix() || claims[4] == nil || claims[65534] == nil ||
			claims[65533] != nil || len(list.Identifiers) != identifierCrowd {
			t.Errorf("%s: %v", uri, protected)
		}
		ref := must[Ref](t)(w.statusAt(strings.TrimSuffix(uri, "/status/"+a.ID+"-identifiers"), a, FormIdentifiers, StatusRevoked))
		if _, has := list.Identifiers[cbor.ByteString(ref.Identifier)]; !has || ref.URI != uri {
			t.Error("who is revoked from the start is not in the first list")
		}
	}
}

// TestIdentifierPublish: a token is kept while nothing changes, each new one is
// newer, and nothing is taken back.
func TestIdentifierPublish(t *testing.T) {
	w := testWorld(t)
	good := must[Ref](t)(w.Status(w.MDL(), FormIdentifiers, StatusGood))
	l := w.status[good.URI].(*IdentifierList)
	publish := func(at time.Time) Current { return must[Current](t)(l.Publish(at)) }
	first := publish(testNow)
	if err := w.SetStatus(good, StatusGood); err != nil || !bytes.Equal(first.Token, publish(testNow.Add(time.Minute)).Token) {
		t.Error("signed again without need", err)
	}
	if err := w.SetStatus(good, StatusRevoked); err != nil || !l.Revoked(good.Identifier) {
		t.Error("not revoked", err)
	}
	second := publish(testNow)
	if !second.IssuedAt.After(first.IssuedAt) || bytes.Equal(first.Token, second.Token) {
		t.Error("a revocation within the same second is no newer list")
	}
	for value, ref := range map[byte]Ref{StatusGood: good, StatusSuspended: good, StatusRevoked: {URI: good.URI, Index: 1}} {
		if w.SetStatus(ref, value) == nil {
			t.Errorf("took %d", value)
		}
	}
	if _, err := w.Status(w.MDL(), FormIdentifiers, StatusSuspended); err == nil {
		t.Error("an identifier that is suspended")
	}
	seen := make(map[string]bool)
	for range identifierCrowd + 10 {
		ref := l.AllocateRevoked()
		if seen[string(ref.Identifier)] || !l.Revoked(ref.Identifier) || len(ref.Identifier) != 16 {
			t.Fatal("handed out twice, not revoked, or of another length")
		}
		seen[string(ref.Identifier)] = true
	}
}

// TestIdentifierOptions: each fault is in the token, whose signature verifies.
func TestIdentifierOptions(t *testing.T) {
	w := testWorld(t)
	a := w.PID("FR")
	l := a.IdentifierList("https://status.example/1")
	l.Revoke([]byte("one"))
	l.Revoke([]byte("two"))
	type opened struct {
		protected, unprotected map[int]any
		claims                 map[int]cbor.RawMessage
	}
	list := func(o opened) map[string]cbor.RawMessage {
		return openCBOR[map[string]cbor.RawMessage](t, o.claims[65530])
	}
	shared := func(o TokenOptions) IdentifierOptions { return IdentifierOptions{TokenOptions: o} }
	for name, c := range map[string]struct {
		o   IdentifierOptions
		has func(opened) bool
	}{
		"other type": {IdentifierOptions{Type: mediaTypeCWT}, func(o opened) bool { return o.protected[16] == "application/statuslist+cwt" }},
		"short type": {IdentifierOptions{Type: "identifierlist+cwt"}, func(o opened) bool { return o.protected[16] == "identifierlist+cwt" }},
		"number":     {IdentifierOptions{Type: 4}, func(o opened) bool { return o.protected[16] == uint64(4) }},
		"type, claims": {IdentifierOptions{TypeInClaims: true}, func(o opened) bool {
			return o.protected[16] == nil && openCBOR[string](t, o.claims[16]) == mediaTypeIdentifiers
		}},
		"status list": {IdentifierOptions{StatusList: true}, func(o opened) bool { return o.claims[65533] != nil && o.claims[65530] != nil }},
		"list twice": {IdentifierOptions{DuplicateID: true}, func(o opened) bool {
			ids := list(o)["identifiers"]
			mode := must[cbor.DecMode](t)(cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode())
			var strict map[cbor.ByteString]any
			return ids[0] == 0xa2 && mode.Unmarshal(ids, &strict) != nil && len(openCBOR[map[cbor.ByteString]any](t, ids)) == 1
		}},
		"no map":         {IdentifierOptions{Identifiers: []any{[]byte("one")}}, func(o opened) bool { return list(o)["identifiers"][0] == 0x81 }},
		"id of text":     {IdentifierOptions{Identifiers: map[string]any{"one": map[string]any{}}}, func(o opened) bool { return openCBOR[map[string]any](t, list(o)["identifiers"])["one"] != nil }},
		"no identifiers": {IdentifierOptions{NoIdentifiers: true}, func(o opened) bool { return len(list(o)) == 0 }},
		"no list map":    {IdentifierOptions{List: "none"}, func(o opened) bool { return openCBOR[string](t, o.claims[65530]) == "none" }},
		"unprotected":    {shared(TokenOptions{UnprotectedX5: true}), func(o opened) bool { return o.protected[33] == nil && o.unprotected[33] != nil }},
		"no chain":       {shared(TokenOptions{NoChain: true}), func(o opened) bool { return o.protected[33] == nil && o.unprotected[33] == nil }},
		"no exp":         {shared(TokenOptions{NoExpiry: true}), func(o opened) bool { return o.claims[4] == nil }},
		"no ttl":         {shared(TokenOptions{TTL: -1}), func(o opened) bool { return o.claims[65534] == nil }},
		"other subject":  {shared(TokenOptions{Subject: "s"}), func(o opened) bool { return openCBOR[string](t, o.claims[2]) == "s" }},
		"aggregation":    {shared(TokenOptions{Aggregation: "u"}), func(o opened) bool { return openCBOR[openedIdentifiers](t, o.claims[65530]).Aggregation == "u" }},
	} {
		var o opened
		o.protected, o.unprotected, o.claims = openCWT(t, must[[]byte](t)(l.Token(testNow, c.o)), &a.Revocation.Private.PublicKey)
		if !c.has(o) {
			t.Errorf("%s: %v", name, o)
		}
	}
	de := w.PID("DE").Revocation
	openCWT(t, must[[]byte](t)(l.Token(testNow, shared(TokenOptions{Signer: de}))), &de.Private.PublicKey)
}

// TestIdentifierEnvelope: faults around the signed message.
func TestIdentifierEnvelope(t *testing.T) {
	l := testWorld(t).MDL().IdentifierList("u")
	for name, c := range map[string]struct {
		o     IdentifierOptions
		first []byte
	}{
		"good":     {IdentifierOptions{}, []byte{0xd2, 0x84}},
		"untagged": {IdentifierOptions{TokenOptions: TokenOptions{Untagged: true}}, []byte{0x84}},
		"CWT tag":  {IdentifierOptions{CWTTag: true}, []byte{0xd8, 61, 0xd2, 0x84}},
		"damage":   {IdentifierOptions{TokenOptions: TokenOptions{Damage: func(b []byte) []byte { return append([]byte{0}, b...) }}}, []byte{0, 0xd2}},
	} {
		if b := must[[]byte](t)(l.Token(testNow, c.o)); !bytes.HasPrefix(b, c.first) {
			t.Errorf("%s: % x", name, b[:4])
		}
	}
}

// TestIdentifierReference: an MSO names an identifier list, and may name both.
func TestIdentifierReference(t *testing.T) {
	w := testWorld(t)
	also := Ref{URI: "https://status.example/2", Identifier: []byte{1, 2}, Certificate: []byte{3}}
	for _, c := range []struct {
		ref  Ref
		want []string
	}{
		{also, []string{"identifier_list"}},
		{Ref{URI: "https://status.example/1", Index: 42, Also: &also}, []string{"identifier_list", "status_list"}},
	} {
		m := issueMDL(t, w, func(o *MdocOptions) { o.Status = &c.ref })
		mso := openCBOR[struct {
			Status map[string]struct {
				ID          []byte  `cbor:"id"`
				URI         string  `cbor:"uri"`
				Index       *uint64 `cbor:"idx"`
				Certificate []byte  `cbor:"certificate"`
			} `cbor:"status"`
		}](t, open24(t, openCBOR[message](t, m.IssuerAuth).Payload))
		id := mso.Status["identifier_list"]
		if got := sortedKeys(mso.Status); !slices.Equal(got, c.want) || !bytes.Equal(id.ID, also.Identifier) || id.URI != also.URI ||
			id.Index != nil || !bytes.Equal(id.Certificate, also.Certificate) {
			t.Errorf("%+v", mso.Status)
		}
		if index := mso.Status["status_list"].Index; c.ref.Also != nil && (index == nil || *index != 42) {
			t.Error("the index is lost")
		}
	}
}

// TestRevocationSamples: what makes them bad is published from the start.
func TestRevocationSamples(t *testing.T) {
	w := crlWorld(t)
	first := must[map[string]Current](t)(w.StatusTokens(testNow))
	holds := func(ref *Ref) bool {
		a := w.status[ref.URI].(*IdentifierList).authority
		_, _, claims := openCWT(t, first[ref.URI].Token, &a.Revocation.Private.PublicKey)
		_, has := openCBOR[openedIdentifiers](t, claims[65530]).Identifiers[cbor.ByteString(ref.Identifier)]
		return has
	}
	made := func(name string) *Made { return must[*Made](t)(w.Make(name, Context{}, testNow)) }
	if m := made("mdoc-identifier-list"); holds(m.Status) {
		t.Error("the good one is revoked")
	} else if uri, ok := w.Revoke("mdoc-identifier-list"); !ok || uri != m.Status.URI || !w.status[uri].(*IdentifierList).Revoked(m.Status.Identifier) {
		t.Error("the good one cannot be revoked")
	}
	if m := made("mdoc-identifier-revoked"); !holds(m.Status) {
		t.Error("not revoked")
	}
	if m := made("mdoc-both-mechanisms-revoked"); m.Status.Identifier != nil || w.statusListOf(m.Status.URI).Get(m.Status.Index) != StatusGood || !holds(m.Status.Also) {
		t.Error("not good by the one and revoked by the other")
	}
	jwt, _, _ := strings.Cut(made("issuer-revoked").VPToken["pid"][0], "~")
	openJWS(t, jwt, &w.PID("DE").RevokedSigner.Private.PublicKey)
}
