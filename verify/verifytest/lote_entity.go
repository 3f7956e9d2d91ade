package verifytest

import (
	"encoding/base64"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// entity is one TrustedEntity.
func (p loteProfile) entity(a *Authority, o ListOptions) map[string]any {
	info, mail := links(a.URL), links("mailto:contact@"+a.ID+".issuer.example")
	if p.role != "" {
		role := link(p.role + listTerritory(a.Territory))
		if p.roleInMail {
			mail = append(mail, role)
		} else {
			info = append(info, role)
		}
	}
	tradeName := text(a.TradeID)
	if p.kind == trustlist.KindPubEAA {
		// Annex H also names the law under which the body acts.
		tradeName = append(tradeName, map[string]any{"lang": "en", "value": "OJ:L_2024_01183_" + a.Territory})
	}
	var services []any
	for _, s := range a.Services {
		services = append(services, map[string]any{"ServiceInformation": p.serviceInformation(a, s, o)})
	}
	return map[string]any{
		"TrustedEntityInformation": map[string]any{
			"TEName":      text(a.Name),
			"TETradeName": tradeName,
			"TEAddress": map[string]any{
				"TEPostalAddress":     postal("Demonstration Square 1", "Sampleton", "10115", a.Territory),
				"TEElectronicAddress": mail,
			},
			"TEInformationURI": info,
		},
		"TrustedEntityServices": services,
	}
}

func (p loteProfile) serviceInformation(a *Authority, s Service, o ListOptions) map[string]any {
	name, typ := "Issuance", p.service+"Issuance"
	if s.Purpose == trustlist.Revocation {
		name, typ = "Revocation", p.service+"Revocation"
	}
	if p.onlyType != "" {
		typ = p.onlyType
	}
	m := map[string]any{
		"ServiceName":            text(a.Name + ": " + name),
		"ServiceDigitalIdentity": identity(s.Certs...),
		"ServiceTypeIdentifier":  typ,
	}
	if p.historical {
		m["ServiceStatus"] = statusNotified
		if a.Withdrawn {
			m["ServiceStatus"] = statusWithdrawn
		}
		m["StatusStartingTime"] = dateTime(o.Issued.Add(-30 * day))
	}
	if p.uniqueID {
		m["ServiceInformationExtensions"] = []any{map[string]any{"Critical": false, "ServiceUniqueIdentifier": a.URL + "/service"}}
	}
	if p.supply {
		m["ServiceSupplyPoints"] = []any{map[string]any{"uriValue": a.URL + "/register"}}
	}
	return m
}

// listTerritory is a country as lists write it: Greece is EL.
func listTerritory(cc string) string {
	if cc == "GR" {
		return "EL"
	}
	return cc
}

func identity(keys ...*Key) map[string]any {
	var certs []any
	for _, k := range keys {
		certs = append(certs, map[string]any{"val": base64.StdEncoding.EncodeToString(k.Cert.Raw)})
	}
	return map[string]any{"X509Certificates": certs}
}

func text(value string) []any {
	return []any{map[string]any{"lang": "en", "value": value}}
}

func link(uri string) map[string]any { return map[string]any{"lang": "en", "uriValue": uri} }

func links(uris ...string) (list []any) {
	for _, uri := range uris {
		list = append(list, link(uri))
	}
	return list
}

func postal(street, locality, code, country string) []any {
	return []any{map[string]any{
		"lang": "en", "StreetAddress": street, "Locality": locality, "PostalCode": code, "Country": country,
	}}
}
