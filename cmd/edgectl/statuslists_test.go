package main

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

func TestFailureOfAStatusList(t *testing.T) {
	now := time.Now()
	before := now.Add(-5 * time.Minute)
	for _, c := range []struct {
		f       *client.Failure
		refused *client.StatusRefusal
		want    string
	}{
		{nil, nil, ""},
		{&client.Failure{At: before, Detail: "503"}, nil, "5 min ago: not fetched: 503"},
		{nil, &client.StatusRefusal{Code: "status_expired", Detail: "d", At: before}, "5 min ago: status_expired: d"},
		{&client.Failure{At: before, Detail: "503"}, &client.StatusRefusal{Code: "status_expired", Detail: "d", At: now.Add(-3 * time.Minute)}, "3 min ago: status_expired: d"},
		{&client.Failure{At: before, Detail: "503"}, &client.StatusRefusal{Code: "status_expired", Detail: "d", At: before}, "5 min ago: not fetched: 503"},
	} {
		if s := failure(c.f, c.refused); s != c.want {
			t.Errorf("%q, want %q", s, c.want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1 << 10: "1.0 KiB", 3 << 19: "1.5 MiB", 5 << 30: "5.0 GiB"} {
		if s := size(n); s != want {
			t.Errorf("%d: %s, want %s", n, s, want)
		}
	}
}
