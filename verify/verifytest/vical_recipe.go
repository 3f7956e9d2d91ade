package verifytest

// vicalRecipes are samples that need the World's VICAL. They are none of Samples,
// which a node answers for that holds the lists of LoTE alone, and so they name no
// status list either.
func vicalRecipes() []recipe {
	return []recipe{{
		Sample: good("mdl-vical", FormatMdoc, "a driving licence, valid for less than 24 hours, of a federal state that only the VICAL names"),
		by:     "us-jf", typ: TypeMDL, noStatus: true,
		issueMdoc: func(_ *maker, o *MdocOptions) {
			o.ValidUntil = o.ValidFrom.Add(day - 2*validBefore)
			o.NameSpaces[NamespaceMDL]["un_distinguishing_sign"] = "USA"
		},
	}}
}

// jane holds a licence of the State.
var jane = person{
	familyName: "Sample", givenName: "Jane Quincy", birthFamilyName: "Sample", birthDate: "1987-04-19",
	birthPlace: "Jefferson City", birthCountry: "US", nationality: "US", sex: 2,
	street: "100 Main Street", postalCode: "97000", city: "Port Jefferson", country: "US",
	documentNumber: "JF-8830417", issuingAuthority: "Jefferson Department of Motor Vehicles",
}
