package crl

import (
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func date(tag asn1.Tag, s string) cryptobyte.String {
	return append([]byte{byte(tag), byte(len(s))}, s...)
}

// Each day there is and its neighbours that there are not are told apart as the
// library tells them apart.
func TestDatesAgainstLibrary(t *testing.T) {
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	check := func(tag asn1.Tag, s string) {
		t.Helper()
		ours, theirs := date(tag, s), date(tag, s)
		var at time.Time
		want := tag == asn1.UTCTime && theirs.ReadASN1UTCTime(&at) || tag == asn1.GeneralizedTime && theirs.ReadASN1GeneralizedTime(&at)
		if got := skipDate(&ours); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, century := range []string{"", "00", "19", "20", "21", "24"} {
		tag := asn1.UTCTime
		if century != "" {
			tag = asn1.GeneralizedTime
		}
		for year := range 100 {
			for month := range 14 {
				for _, day := range []int{0, 1, 28, 29, 30, 31, 32} {
					check(tag, century+two(year)+two(month)+two(day)+"235959Z")
				}
			}
		}
		for n := range 100 {
			check(tag, century+"260101"+two(n)+"0000Z")
			check(tag, century+"26010100"+two(n)+"00Z")
			check(tag, century+"2601010000"+two(n)+"Z")
		}
	}
}

func TestDatesRefused(t *testing.T) {
	for _, in := range []cryptobyte.String{
		nil, {}, date(asn1.UTCTime, ""), date(asn1.UTCTime, "Z"), date(asn1.UTCTime, "261101000000"), date(asn1.UTCTime, "261101000000ZZ"),
		date(asn1.UTCTime, "2611010000Z"), date(asn1.UTCTime, "261101000000+0000"), date(asn1.UTCTime, "20261101000000Z"),
		date(asn1.UTCTime, "26110100000aZ"), date(asn1.UTCTime, "2611010000-1Z"), date(asn1.UTCTime, "261101000000z"),
		date(asn1.GeneralizedTime, "261101000000Z"), date(asn1.GeneralizedTime, "20261101000000.5Z"), date(asn1.GeneralizedTime, "-1261101000000Z"),
		date(asn1.INTEGER, "261101000000Z"), date(asn1.UTCTime, "261101000000Z")[:10],
	} {
		if skipDate(&in) {
			t.Errorf("%q is taken for a date", string(in))
		}
	}
}
