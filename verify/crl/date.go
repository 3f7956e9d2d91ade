package crl

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// skipDate checks the date of a revocation, which is not looked at: YYMMDDHHMMSSZ, or
// with four digits of the year (RFC 5280 sections 4.1.2.5 and 5.1.2.6). The library's
// way of reading one takes most of the time that an entry takes, and whoever sends a
// list can have a million read before a signature is checked.
func skipDate(entry *cryptobyte.String) bool {
	var date cryptobyte.String
	var tag asn1.Tag
	if !entry.ReadAnyASN1(&date, &tag) || tag != asn1.UTCTime && tag != asn1.GeneralizedTime {
		return false
	}
	year := 0
	if tag == asn1.GeneralizedTime {
		century, ok := digits(&date)
		if !ok {
			return false
		}
		year = 100 * century
	}
	var field [6]int // year, month, day, hour, minute, second
	for i := range field {
		var ok bool
		if field[i], ok = digits(&date); !ok {
			return false
		}
	}
	year += field[0]
	return string(date) == "Z" && 1 <= field[1] && field[1] <= 12 && 1 <= field[2] && field[2] <= daysOf(year, field[1]) &&
		field[3] < 24 && field[4] < 60 && field[5] < 60
}

// digits reads two.
func digits(s *cryptobyte.String) (n int, ok bool) {
	var b []byte
	if !s.ReadBytes(&b, 2) {
		return 0, false
	}
	tens, ones := b[0]-'0', b[1]-'0'
	return int(10*tens + ones), tens < 10 && ones < 10
}

// daysOf takes years of two digits as well, because 2000 was a leap year.
func daysOf(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}
