package mdoc

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

const skew = 60 * time.Second

var sigalgs = sigalg.Credentials

// verify takes one document through every check, in the order of the package's
// user.
func verify(d *Document, leaf *x509.Certificate, at time.Time, transcript, emacKey []byte) (i *Issued, method string, err error) {
	if i, err = d.VerifyIssuer(leaf, sigalg.Credentials); err != nil {
		return nil, "", err
	}
	if err = i.CheckDigests(); err != nil {
		return nil, "", err
	}
	if err = i.CheckTime(at, skew, leaf, false); err != nil {
		return nil, "", err
	}
	if err = i.CheckCountry(leaf); err != nil {
		return nil, "", err
	}
	if err = i.CheckDeviceElements(d.DocType() == typePID); err != nil {
		return nil, "", err
	}
	method, err = i.CheckDevice(transcript, emacKey, sigalg.Credentials)
	return i, method, err
}

func verifyAll(t testing.TB, response []byte, leaf *x509.Certificate, transcript []byte) {
	t.Helper()
	i, _, err := verify(parseOne(t, response), leaf, now, transcript, nil)
	if err != nil {
		t.Fatal(err)
	}
	if i == nil {
		t.Fatal("nothing issued")
	}
}

func TestValid(t *testing.T) {
	m := newMaker()
	verifyAll(t, m.make(), m.signer.cert, m.transcript)
}
