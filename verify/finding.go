package verify

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// finding collects what the steps find out about one credential.
type finding struct {
	Credential
	claims map[string]any
}

// refuse records an error as a reason and says whether there was one.
func (f *finding) refuse(err error) bool {
	if err == nil {
		return false
	}
	f.Reasons = append(f.Reasons, toReason(err))
	return true
}

func (f *finding) refuseAll(errs []error) bool {
	for _, err := range errs {
		f.refuse(err)
	}
	return len(errs) > 0
}

// notes records reasons that make the verdict indeterminate without ending the
// work.
func (f *finding) notes(errs []error) {
	for _, err := range errs {
		f.refuse(err)
	}
}

func (f *finding) warn(errs ...error) {
	for _, err := range errs {
		f.Warnings = append(f.Warnings, toReason(err))
	}
}

// once is refuse for what several lists may say alike.
func (f *finding) once(err error) {
	if !has(f.Reasons, reason.CodeOf(err)) {
		f.refuse(err)
	}
}

func has(reasons []Reason, code reason.Code) bool {
	return slices.ContainsFunc(reasons, func(r Reason) bool { return r.Code == code })
}

// invalid says whether what was found so far makes the credential invalid.
func (f *finding) invalid() bool {
	return slices.ContainsFunc(f.Reasons, func(r Reason) bool { return verdictOf(r.Code) == Invalid })
}

func (f *finding) settle() Credential {
	f.Verdict = Valid
	for _, r := range f.Reasons {
		f.Verdict = reason.Worse(f.Verdict, verdictOf(r.Code))
	}
	if f.Verdict != Invalid {
		f.Claims = f.claims
	}
	if f.Reasons == nil {
		f.Reasons = []Reason{}
	}
	if f.Warnings == nil {
		f.Warnings = []Reason{}
	}
	return f.Credential
}

// toReason turns a refusal into a reason. Any other error is our own fault and
// must not pass for a verdict on the presentation.
func toReason(err error) Reason {
	r, ok := reason.Of(err)
	if !ok {
		r = &reason.Refusal{Code: reason.InternalError, Detail: "the presentation could not be evaluated"}
	}
	e, _ := reason.Lookup(r.Code)
	return Reason{Code: r.Code, Detail: r.Detail, Class: e.Class, Retry: e.Retry}
}

func verdictOf(code reason.Code) Verdict {
	if e, ok := reason.Lookup(code); ok {
		return e.Verdict
	}
	return Invalid
}
