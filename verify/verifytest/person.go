package verifytest

// person is whom a credential is about: the specimens of German and French
// identity cards, the one of ISO/IEC 18013-5 Annex D, and a resident.
type person struct {
	familyName, givenName, birthFamilyName string
	birthDate                              string
	birthPlace, birthCountry               string
	nationality                            string
	sex                                    int // ISO/IEC 5218: 1 male, 2 female
	street, postalCode, city, country      string
	documentNumber                         string
	issuingAuthority                       string
}

var (
	erika = person{
		familyName: "Mustermann", givenName: "Erika", birthFamilyName: "Gabler", birthDate: "1964-08-12",
		birthPlace: "Berlin", birthCountry: "DE", nationality: "DE", sex: 2,
		street: "Heidestraße 17", postalCode: "51147", city: "Köln", country: "DE",
		documentNumber: "L01X00T47", issuingAuthority: "Stadt Köln",
	}
	maelis = person{
		familyName: "Martin", givenName: "Maëlis-Gaëlle Marie", birthFamilyName: "Martin", birthDate: "1990-07-13",
		birthPlace: "Paris", birthCountry: "FR", nationality: "FR", sex: 2,
		street: "12 Rue Victor Hugo", postalCode: "69002", city: "Lyon", country: "FR",
		documentNumber: "D2H6862M2", issuingAuthority: "Préfecture du Rhône",
	}
	sanne = person{
		familyName: "de Bruijn", givenName: "Willeke Liselotte", birthFamilyName: "de Bruijn", birthDate: "1965-03-10",
		birthPlace: "Delft", birthCountry: "NL", nationality: "NL", sex: 2,
		street: "Dorpsstraat 1", postalCode: "2611 AB", city: "Delft", country: "NL",
		documentNumber: "SPECI2014", issuingAuthority: "Gemeente Delft",
	}
	susan = person{
		familyName: "Turner", givenName: "Susan", birthFamilyName: "Turner", birthDate: "1998-08-28",
		birthPlace: "Amaurot", birthCountry: "UT", nationality: "UT", sex: 2,
		street: "1 Anydrus Quay", postalCode: "15160", city: "Amaurot", country: "UT",
		documentNumber: "UT-4211907", issuingAuthority: "Utopia Department of Motor Vehicles",
	}
)

// pidJSON are the claims of a PID as SD-JWT VC (PID Rulebook 1.7). Those with
// parts can be disclosed in parts.
func (p person) pidJSON(picture string) map[string]any {
	return map[string]any{
		"family_name":       p.familyName,
		"given_name":        p.givenName,
		"birthdate":         p.birthDate,
		"birth_family_name": p.birthFamilyName,
		"place_of_birth":    map[string]any{"locality": Hidden{p.birthPlace}, "country": Hidden{p.birthCountry}},
		"nationalities":     []any{Hidden{p.nationality}},
		"sex":               p.sex,
		"address": map[string]any{
			"street_address": Hidden{p.street}, "postal_code": Hidden{p.postalCode},
			"locality": Hidden{p.city}, "country": Hidden{p.country},
		},
		"picture":                    picture,
		"document_number":            p.documentNumber,
		"date_of_issuance":           "2024-03-01",
		"date_of_expiry":             "2034-02-28",
		"issuing_authority":          p.issuingAuthority,
		"issuing_country":            p.country,
		"attestation_legal_category": "PID",
	}
}

// pidMdoc are the elements of a PID as mdoc, whose names differ (credentials 7.1).
func (p person) pidMdoc(portrait []byte) map[string]any {
	return map[string]any{
		"family_name":                p.familyName,
		"given_name":                 p.givenName,
		"birth_date":                 FullDate(p.birthDate),
		"family_name_birth":          p.birthFamilyName,
		"place_of_birth":             map[string]any{"locality": p.birthPlace, "country": p.birthCountry},
		"nationality":                []any{p.nationality},
		"sex":                        p.sex,
		"resident_street":            p.street,
		"resident_postal_code":       p.postalCode,
		"resident_city":              p.city,
		"resident_country":           p.country,
		"portrait":                   portrait,
		"document_number":            p.documentNumber,
		"issuance_date":              FullDate("2024-03-01"),
		"expiry_date":                FullDate("2034-02-28"),
		"issuing_authority":          p.issuingAuthority,
		"issuing_country":            p.country,
		"attestation_legal_category": "PID",
	}
}

// mdl are the elements of a driving licence (ISO/IEC 18013-5 7.2).
func (p person) mdl(portrait []byte, jurisdiction string) map[string]any {
	return map[string]any{
		"family_name":            p.familyName,
		"given_name":             p.givenName,
		"birth_date":             FullDate(p.birthDate),
		"birth_place":            p.birthPlace,
		"nationality":            p.nationality,
		"sex":                    p.sex,
		"resident_address":       p.street,
		"resident_city":          p.city,
		"resident_postal_code":   p.postalCode,
		"resident_country":       p.country,
		"portrait":               portrait,
		"document_number":        p.documentNumber,
		"issue_date":             FullDate("2023-05-02"),
		"expiry_date":            FullDate("2033-05-01"),
		"issuing_authority":      p.issuingAuthority,
		"issuing_country":        p.country,
		"issuing_jurisdiction":   jurisdiction,
		"un_distinguishing_sign": "UTO",
		"age_over_18":            true,
		"age_over_21":            true,
		"age_over_65":            false,
		"driving_privileges": []any{
			map[string]any{"vehicle_category_code": "A", "issue_date": FullDate("2018-08-09"), "expiry_date": FullDate("2033-05-01")},
			map[string]any{"vehicle_category_code": "B", "issue_date": FullDate("2017-02-23"), "expiry_date": FullDate("2033-05-01")},
		},
	}
}

// residence are the claims of a certificate of residence.
func (p person) residence() map[string]any {
	return map[string]any{
		"family_name": p.familyName,
		"given_name":  p.givenName,
		"birthdate":   p.birthDate,
		"address": map[string]any{
			"street_address": p.street, "postal_code": p.postalCode, "locality": p.city, "country": p.country,
		},
		"resident_since":    "2012-11-05",
		"issuing_authority": p.issuingAuthority,
		"issuing_country":   p.country,
	}
}

// membership are the claims of a customer card, age_over_18 among them.
func (p person) membership() map[string]any {
	return map[string]any{
		"family_name": p.familyName, "given_name": p.givenName,
		"membership_number": "8800-4711-02", "member_since": "2019-04-01", "tier": "silver", "age_over_18": true,
	}
}

// payment are the claims of a card that authenticates payments.
func (p person) payment() map[string]any {
	return map[string]any{
		"account_holder": p.givenName + " " + p.familyName, "pan_last_four": "4711", "scheme": "Demo Debit", "currency": "EUR",
	}
}
