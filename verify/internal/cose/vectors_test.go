package cose_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// TestStructures compares the bytes that are signed with those the COSE working
// group prints for its good examples, the two that send an empty header as h'a0'
// included. That they verify is tested with all of the topic, in package jose.
func TestStructures(t *testing.T) {
	dir := vectortest.Dir(t, "")
	files, err := filepath.Glob(filepath.Join(dir, "jwt-cose", "cose-wg", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Input struct {
				Sign0, Mac0 struct{ External string }
			}
			Intermediates struct {
				ToBeSign string `json:"ToBeSign_hex"`
				ToMac    string `json:"ToMac_hex"`
			}
			Fail   bool
			Output struct{ CBOR string }
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		if v.Fail {
			continue
		}
		message, err := hex.DecodeString(v.Output.CBOR)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		var want string
		if want = v.Intermediates.ToMac; want != "" {
			m, err := cose.ParseMac0(message, cose.TagAny)
			if err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			got = m.ToBeMACed(unhex(t, v.Input.Mac0.External))
		} else {
			want = v.Intermediates.ToBeSign
			s, err := cose.ParseSign1(message, cose.TagAny)
			if err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			got = s.ToBeSigned(unhex(t, v.Input.Sign0.External))
		}
		if !strings.EqualFold(hex.EncodeToString(got), want) {
			t.Errorf("%s: signed bytes are %x instead of %s", filepath.Base(file), got, want)
		}
		compared++
	}
	if compared < 14 {
		t.Errorf("%d examples compared", compared)
	}
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
