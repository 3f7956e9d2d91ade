package xmldsig

import "testing"

// BenchmarkLargestList is one pass over the largest real list of the vectors.
func BenchmarkLargestList(b *testing.B) {
	list := vector(b, "2026-08/TL-ES.xml.gz")
	pinned := keyInfo(b, mustParse(b, list))
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mustParse(b, list).Verify(pinned); err != nil {
			b.Fatal(err)
		}
	}
}
