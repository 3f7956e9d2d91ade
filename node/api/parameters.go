package api

import (
	"net/url"
	"slices"
	"strings"
)

// parameters reads the query of the URL: each parameter at most once, and none but
// the known ones, because a filter that is misspelt would show everything. The
// header limit of the listener bounds it.
func (x *exchange) parameters(known ...string) (map[string]string, *Problem) {
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return nil, NewProblem(MalformedRequest, "the query of the URL is malformed")
	}
	given := make(map[string]string, len(values))
	for name, v := range values {
		if !slices.Contains(known, name) {
			return nil, NewProblem(MalformedRequest, "an unknown query parameter; those there are: "+strings.Join(known, ", "))
		}
		if len(v) > 1 {
			return nil, NewProblem(MalformedRequest, "the query parameter "+name+" stands there twice")
		}
		given[name] = v[0]
	}
	return given, nil
}
