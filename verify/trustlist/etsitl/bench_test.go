package etsitl

import "testing"

// BenchmarkNational holds reading a real list against its floor in the same run: to
// parse, canonicalise, digest and verify the same bytes once.
func BenchmarkNational(b *testing.B) {
	list := lotl(b, lotl2026)
	for _, cc := range []string{"ES", "FR", "CZ", "DK"} {
		raw := vector(b, "2026-08/TL-"+cc+".xml.gz")
		o := NationalOptions{Pointer: pointerTo(b, list, cc)}
		b.Run(cc+"/floor", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := VerifySignature(raw, o.Pointer.Signers); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(cc+"/list", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				u, err := Parse(raw)
				if err == nil {
					_, err = u.VerifyNational(o)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
