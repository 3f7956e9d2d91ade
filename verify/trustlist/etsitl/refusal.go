package etsitl

import (
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// codes says which refusal each error of the XML signature is.
var codes = []struct {
	err  error
	code reason.Code
}{
	{xmldsig.ErrTooLarge, reason.TrustListTooLarge},
	{xmldsig.ErrDTD, reason.TrustListXMLDTDForbidden},
	{xmldsig.ErrMalformed, reason.TrustListMalformed},
	{xmldsig.ErrUnsigned, reason.TrustListSignatureMissing},
	{xmldsig.ErrWrapping, reason.TrustListXMLWrapping},
	{xmldsig.ErrAlgorithm, reason.TrustListAlgForbidden},
	{xmldsig.ErrSigner, reason.TrustListSignerUnknown},
	{xmldsig.ErrSignerExpired, reason.TrustListSignerExpired},
	{xmldsig.ErrSignature, reason.TrustListSignatureInvalid},
}

// refusal gives an error of the XML signature its code. Those texts never quote the
// document.
func refusal(err error) error {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return reason.Refuse(c.code, "%v", err)
		}
	}
	return err
}
