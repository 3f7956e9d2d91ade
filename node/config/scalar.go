package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Each of these returns what reads one scalar into a field.

func (d *decoder) text(dst *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		if n.Kind != yaml.ScalarNode || isNull(n) {
			d.wrong(n, at, "text")
			return
		}
		*dst = n.Value
	}
}

func (d *decoder) file(dst *string) func(*yaml.Node, string) {
	read := d.text(dst)
	return func(n *yaml.Node, at string) {
		read(n, at)
		*dst = d.path(*dst)
	}
}

func (d *decoder) texts(dst *[]string, limit int) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		*dst = nil
		d.list(n, at, limit, func(_ int, n *yaml.Node, at string) {
			var s string
			d.text(&s)(n, at)
			*dst = append(*dst, s)
		})
	}
}

func (d *decoder) flag(dst *bool) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(dst) != nil {
			d.wrong(n, at, "true or false")
		}
	}
}

func (d *decoder) number(dst *int, least, most int) func(*yaml.Node, string) {
	span := "a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	if least == most {
		span = strconv.Itoa(least)
	}
	return func(n *yaml.Node, at string) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
			d.wrong(n, at, span)
			return
		}
		*dst = v
	}
}

// oneOf reads a word of a fixed choice.
func oneOf[T ~string](d *decoder, dst *T, words ...T) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		if n.Kind != yaml.ScalarNode || !slices.Contains(words, T(n.Value)) {
			d.wrong(n, at, "one of "+joined(words))
			return
		}
		*dst = T(n.Value)
	}
}

// words reads a list of words of a fixed choice.
func words[T ~string](d *decoder, dst *[]T, choice ...T) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		*dst = nil
		d.list(n, at, maxEntries, func(_ int, n *yaml.Node, at string) {
			var w T
			oneOf(d, &w, choice...)(n, at)
			*dst = append(*dst, w)
		})
	}
}

func joined[T ~string](words []T) string {
	s := make([]string, len(words))
	for i, w := range words {
		s[i] = string(w)
	}
	return strings.Join(s, ", ")
}

// duration reads 30s, 5m, 24h within bounds.
func (d *decoder) duration(dst *time.Duration, least, most time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		v, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
			d.wrong(n, at, "a duration from "+short(least)+" to "+short(most)+" (30s, 5m, 24h)")
			return
		}
		*dst = v
	}
}

func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}, {"", 1}}

// size reads 512B, 256KiB, 1MiB or a number of bytes. KB and MB are refused: two
// people read them differently.
func (d *decoder) size(dst *int64, least, most int64) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		v, ok := parseSize(n.Value)
		if n.Kind != yaml.ScalarNode || !ok || v < least || v > most {
			d.wrong(n, at, "a size from "+sizeText(least)+" to "+sizeText(most)+" (256KiB, 1MiB)")
			return
		}
		*dst = v
	}
}

func parseSize(s string) (int64, bool) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		v, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || v > math.MaxInt64/u.bytes {
			return 0, false
		}
		return v * u.bytes, true
	}
	return 0, false
}

func sizeText(n int64) string {
	for _, u := range []int{2, 1, 0} {
		if b := units[u].bytes; n >= b && n%b == 0 {
			return strconv.FormatInt(n/b, 10) + units[u].suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// rate reads 200/s or 600/m into requests per second.
func (d *decoder) rate(dst *float64) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		count, per, _ := strings.Cut(n.Value, "/")
		seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
		v, err := strconv.Atoi(count)
		if n.Kind != yaml.ScalarNode || err != nil || v < 1 || v > 1e6 || seconds == 0 {
			d.wrong(n, at, "a rate (200/s, 600/m) of at least 1")
			return
		}
		*dst = float64(v) / seconds
	}
}

// fraction reads a number above 0, at most 1.
func (d *decoder) fraction(dst *float64) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		v, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || err != nil || !(v > 0 && v <= 1) {
			d.wrong(n, at, "a share above 0, at most 1 (0.2)")
			return
		}
		*dst = v
	}
}
