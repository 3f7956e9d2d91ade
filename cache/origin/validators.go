package origin

import (
	"encoding/json"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// maxValidator bounds what an origin's validator may be to be kept.
const maxValidator = 1 << 10

// Validators are what is known of the last answer, for a conditional request. The
// zero value asks for none.
type Validators struct {
	ETag         string          `json:"etag,omitempty"`
	LastModified string          `json:"last_modified,omitempty"`
	SHA256       artefact.Digest `json:"sha256"`  // of the bytes
	Fetched      time.Time       `json:"fetched"` // when the bytes came
}

// note is how the Store keeps the validators, so that a node that
// starts again, as a whole fleet may at once, need not fetch what it has on disk.
func (v Validators) note() string {
	if len(v.ETag) > maxValidator || len(v.LastModified) > maxValidator {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil { // plain values always encode
		return ""
	}
	return string(b)
}

// fromNote reads what note wrote; the zero value if it is anything else.
func fromNote(note string) (v Validators) {
	if json.Unmarshal([]byte(note), &v) != nil {
		return Validators{}
	}
	return v
}
