package verifytest

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// tlProvider is a provider with the service of its kind, which was withdrawn once,
// and its CA for qualified certificates.
func tlProvider(a *Authority, now time.Time) string {
	typ, status := uriServices+"EAA", uriTrusted+"Svcstatus/recognisedatnationallevel"
	if a.Kind == trustlist.KindQEAA {
		typ, status = uriServices+"EAA/Q", uriTrusted+"Svcstatus/granted"
	}
	since := dateTime(now.Add(-30 * day))
	history := el("ServiceHistory", el("ServiceHistoryInstance",
		el("ServiceTypeIdentifier", typ),
		el("ServiceName", tlNames(a.Name)),
		el("ServiceDigitalIdentity", el("DigitalId", el("X509SKI", base64.StdEncoding.EncodeToString(a.CA.Cert.SubjectKeyId)))),
		el("ServiceStatus", uriTrusted+"Svcstatus/withdrawn"),
		el("StatusStartingTime", dateTime(now.Add(-60*day))),
	))
	var identity string
	for _, s := range a.Services {
		for _, k := range s.Certs {
			identity += tlCertificate(k)
		}
	}
	return el("TrustServiceProvider",
		el("TSPInformation",
			el("TSPName", tlNames(a.Name)),
			el("TSPTradeName", tlNames("Demo "+strings.ToUpper(a.ID)), tlNames(a.TradeID)),
			el("TSPAddress", tlAddress(a.Territory, a.URL)),
			el("TSPInformationURI", tlURIs(a.URL)),
		),
		el("TSPServices",
			el("TSPService", tlService(a.Name, typ, identity, status, since, ""), history),
			el("TSPService", tlService(a.Name, uriServices+"CA/QC", tlCertificate(a.CA), uriTrusted+"Svcstatus/granted", since,
				el("ServiceInformationExtensions", el(`Extension Critical="true"`, el("AdditionalServiceInformation",
					el(`URI xml:lang="en"`, uriTrusted+"SvcInfoExt/ForeSeals")))))),
		))
}

func tlService(name, typ, identity, status, since, extensions string) string {
	return el("ServiceInformation",
		el("ServiceTypeIdentifier", typ),
		el("ServiceName", tlNames(name)),
		el("ServiceDigitalIdentity", identity),
		el("ServiceStatus", status),
		el("StatusStartingTime", since),
		extensions,
	)
}
