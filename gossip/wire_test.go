package gossip

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Today's bytes. A change here is one of the wire: members of two versions live beside
// each other while a cluster is updated.
var (
	metaBytes    = "a5000101192103026266720348010203040506070804480000000000000009"
	packetBytes  = "0101026d31d26bc85d9cd15e37302935856720b96f6e657773"
	messageBytes = "ab0001015902000000000000000001" + strings.Repeat("0", 992) +
		"fffffffffffffffe021961a8031b800000000000000004588a01000000000000000000000000000000000000000000000002" +
		"0102070000000000000000000000000000000000000000000000000000000000000003e80000000000000005030000000000" +
		"0000000000000000000000000000000000000403040700000000000000000000000000000000000000000000000000000000" +
		"00000003e8000000000000000605f506581800000000000000010000000000000002800000000000000007f5085824010000" +
		"00000000000000000000000000000000000000000201020700000000000000005a09f50a1b8000000000000000"
)

func someMessage() message {
	return message{
		summary: &Summary{0: 1, 63: 0xfffffffffffffffe}, wait: 25 * time.Second, state: 1 << 63,
		told:         &Told{Parts: 1 << 63, Heads: []Head{head(1, 2), head(3, 4)}, Stamps: []int64{5, 6}},
		askInventory: true, inventory: []uint64{1, 2, 1 << 63}, askLooks: true,
		looks: []aged{{SeenOf(head(1, 2)), 90 * time.Second}},
	}
}

func someMeta() meta {
	return meta{version: WireVersion, transfer: 8451, zone: "fr", fingerprint: 0x0102030405060708, inventory: 9}
}

func TestMessageRoundTrip(t *testing.T) {
	for name, m := range map[string]message{
		"nothing":          {},
		"all":              someMessage(),
		"nothing told":     {told: &Told{Parts: 3}},
		"ask for looks":    {askLooks: true},
		"ask what is held": {askHeld: []ListID{{1}, {2}}},
		"held":             {saysHeld: true, held: []Holding{{head(1, 2), true}, {head(3, 4), false}}},
		"nothing held":     {saysHeld: true},
		"the whole wait":   {summary: new(Summary), wait: MaxWait},
	} {
		b, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseMessage(b)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestMessageLimits(t *testing.T) {
	heads := func(n int) message { return message{told: &Told{Heads: make([]Head, n)}} }
	for name, c := range map[string]struct {
		m    message
		good bool
	}{
		"as many heads as may be":     {heads(MaxTold), true},
		"one more":                    {heads(MaxTold + 1), false},
		"as many lists as may be":     {message{inventory: make([]uint64, MaxInventory)}, true},
		"one list more":               {message{inventory: make([]uint64, MaxInventory+1)}, false},
		"as many looks as are told":   {message{looks: make([]aged, maxAged)}, true},
		"as many asked for as may be": {message{askHeld: make([]ListID, maxAskedHeld)}, true},
		"one more asked for":          {message{askHeld: make([]ListID, maxAskedHeld+1)}, false},
		"as many held as may be":      {message{saysHeld: true, held: make([]Holding, maxHoldings)}, true},
		"one more held":               {message{saysHeld: true, held: make([]Holding, maxHoldings+1)}, false},
		"more bytes than are allowed": {message{inventory: make([]uint64, MaxInventory), looks: make([]aged, maxAged)}, false},
	} {
		b, err := c.m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseMessage(b); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A wait is cut short, not refused.
	b, _ := message{wait: time.Hour}.marshal()
	if m, err := parseMessage(b); err != nil || m.wait != MaxWait {
		t.Errorf("a wait of an hour: %v, %v", m.wait, err)
	}
}

func TestMetaRoundTrip(t *testing.T) {
	b, err := someMeta().marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseMeta(b); err != nil || got != someMeta() {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []meta{{zone: "no port"}, {transfer: 1, zone: string(make([]byte, MaxName+1))}} {
		b, _ := bad.marshal()
		if _, err := parseMeta(b); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestPacketIsForOne(t *testing.T) {
	key, other := make([]byte, 32), append(make([]byte, 31), 1)
	b := seal(key, "m1", "m0", packetAnnounce, []byte("news"))
	p, ok := parsePacket(b)
	if !ok || p.from != "m1" || string(p.body) != "news" || !p.isFrom(pairKeys{{key: other}, {key: key}}, "m0") {
		t.Fatalf("got %+v, %v", p, ok)
	}
	if p.isFrom(pairKeys{{key: key}}, "m2") {
		t.Error("a packet for another was taken")
	}
	if p.isFrom(pairKeys{{key: other}}, "m0") || p.isFrom(nil, "m0") {
		t.Error("a packet of nobody known was taken")
	}
	for i := range b {
		broken := append([]byte(nil), b...)
		broken[i] ^= 1
		if p, ok := parsePacket(broken); ok && p.isFrom(pairKeys{{key: key}}, "m0") {
			t.Errorf("byte %d can be changed", i)
		}
		if p, ok := parsePacket(b[:i]); ok && p.isFrom(pairKeys{{key: key}}, "m0") {
			t.Errorf("what is cut off after %d bytes was taken", i)
		}
	}
}

func TestTodaysBytes(t *testing.T) {
	message, err := someMessage().marshal()
	if err != nil {
		t.Fatal(err)
	}
	meta, err := someMeta().marshal()
	if err != nil {
		t.Fatal(err)
	}
	packet := seal(make([]byte, 32), "m1", "m0", packetAnnounce, []byte("news"))
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{"message": {message, messageBytes}, "meta": {meta, metaBytes}, "packet": {packet, packetBytes}} {
		if got := hex.EncodeToString(c.b); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// later is what a later version may write: another number of its version, and fields
// that this one does not know.
func later(t *testing.T, b []byte) []byte {
	t.Helper()
	var fields map[uint64]any
	if err := cbor.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	fields[0], fields[30], fields[31] = 2, "new", map[string]int{"new": 1}
	b, err := cbor.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsUnknownIsPassedOver(t *testing.T) {
	b, _ := someMessage().marshal()
	if got, err := parseMessage(later(t, b)); err != nil || !reflect.DeepEqual(got, someMessage()) {
		t.Errorf("message: got %+v, %v", got, err)
	}
	b, _ = someMeta().marshal()
	want := someMeta()
	want.version = 2
	if got, err := parseMeta(later(t, b)); err != nil || got != want {
		t.Errorf("meta: got %+v, %v", got, err)
	}
}

func FuzzMessage(f *testing.F) {
	b, _ := someMessage().marshal()
	f.Add(b)
	b, _ = message{told: &Told{}}.marshal()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		if m.told != nil && len(m.told.Heads) > MaxTold || len(m.inventory) > MaxInventory || m.wait < 0 || m.wait > MaxWait {
			t.Fatalf("limits are passed: %d heads, %d lists, %v", len(m.told.Heads), len(m.inventory), m.wait)
		}
		again, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseMessage(again); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%+v became %+v, %v", m, got, err)
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add(seal(make([]byte, 32), "m1", "m0", packetAnnounce, []byte("news")))
	f.Add([]byte{packetForm, packetBye, 1, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parsePacket(b)
		if !ok {
			return
		}
		if len(p.from) == 0 || len(p.from) > MaxName || len(p.code) != codeSize {
			t.Fatalf("limits are passed: %+v", p)
		}
		if p.isFrom(pairKeys{{key: []byte("a key that nobody has")}}, "m0") {
			t.Fatal("a packet was forged")
		}
		_, _ = parseBye(p.body)
	})
}

func FuzzMeta(f *testing.F) {
	b, _ := someMeta().marshal()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMeta(b)
		if err != nil {
			return
		}
		again, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		m.version = WireVersion
		if got, err := parseMeta(again); err != nil || got != m {
			t.Fatalf("%+v became %+v, %v", m, got, err)
		}
	})
}
