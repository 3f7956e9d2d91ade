package transfer

import (
	"crypto/tls"
	"errors"
)

func verifyNobody(tls.ConnectionState) error { return errors.New("not of an allowed jurisdiction") }
