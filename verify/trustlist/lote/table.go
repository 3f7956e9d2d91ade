package lote

import "github.com/edgetrust/edgetrust/verify/trustlist"

// base is the prefix "B" of the specification's table (trust lists 1.3).
const base = "http://uri.etsi.org/19602/"

// commission is the prefix of the Commission's own profile for driving licences.
const commission = "http://trust.ec.europa.eu/lists/mDL/"

// profiles is the table. Annexes D to I of TS 119 602, then the Commission's.
var profiles = []profile{
	{
		name: "pid", kind: trustlist.KindPID, territory: "EU", // Annex D
		types:    uris{official: []string{base + "LoTEType/EUPIDProvidersList"}},
		status:   uris{official: []string{base + "PIDProvidersList/StatusDetn/EU"}},
		rules:    uris{official: []string{base + "PIDProviders/schemerules/EU"}}, // no "List", unlike all others
		services: services("PID", base+"SvcType/PIDProvider"),

		historicalPeriod: absent, selfPointer: required, informationURIs: 2,
		serviceStatus: absent, serviceHistory: absent, certificates: required, tradeName: true,
		role: base + "ListOfTrustedEntities/PIDProvider/", roleIn: inInformationURI,
	},
	{
		name: "wallet", kind: trustlist.KindWallet, territory: "EU", // Annex E
		types:    uris{official: []string{base + "LoTEType/EUWalletProvidersList"}, pilot: []string{base + "LoTEType/wallet-providers"}},
		status:   uris{official: []string{base + "WalletProvidersList/StatusDetn/EU"}},
		rules:    uris{official: []string{base + "WalletProvidersList/schemerules/EU"}},
		services: services("WalletSolution"),

		historicalPeriod: absent, selfPointer: required, informationURIs: 2,
		serviceStatus: absent, serviceHistory: absent, certificates: required, tradeName: true, uniqueID: required,
		role: base + "ListOfTrustedEntities/WalletProvider/", roleIn: inInformationURI,
	},
	{
		name: "wrpac", kind: trustlist.KindWRPAC, territory: "EU", // Annex F
		types:    uris{official: []string{base + "LoTEType/EUWRPACProvidersList"}},
		status:   uris{official: []string{base + "WRPACProvidersList/StatusDetn/EU"}},
		rules:    uris{official: []string{base + "WRPACProvidersList/schemerules/EU"}},
		services: services("WRPAC", base+"SvcType/WRPACProvider"),

		historicalPeriod: absent, selfPointer: required, informationURIs: 2,
		serviceStatus: absent, serviceHistory: absent, certificates: required, onlyCA: true,
		role: base + "ListOfTrustedEntities/WRPACProvider/", roleIn: inInformationURI,
	},
	{
		name: "wrprc", kind: trustlist.KindWRPRC, territory: "EU", // Annex G
		types: uris{official: []string{base + "LoTEType/EUWRPRCProvidersList"}},
		status: uris{official: []string{
			base + "WRPRCrovidersList/StatusDetn/EU", // sic: the misprint of the published text
			base + "WRPRCProvidersList/StatusDetn/EU",
		}},
		rules:    uris{official: []string{base + "WRPRCProvidersList/schemerules/EU"}},
		services: services("WRPRC"),

		historicalPeriod: absent, selfPointer: required, informationURIs: 2,
		serviceStatus: absent, serviceHistory: absent, certificates: required, onlyCA: true,
		role: base + "ListOfTrustedEntities/WRPRCProvider/", roleIn: inInformationURI,
	},
	{
		name: "pubeaa", kind: trustlist.KindPubEAA, territory: "EU", // Annex H
		types:    uris{official: []string{base + "LoTEType/EUPubEAAProvidersList"}},
		status:   uris{official: []string{base + "PubEAAProvidersList/StatusDetn/EU"}},
		rules:    uris{official: []string{base + "PubEAAProvidersList/schemerules/EU"}},
		services: services("PubEAA"),

		historicalPeriod: required, historicalValue: 65535, selfPointer: absent, informationURIs: 1,
		serviceStatus: required, serviceHistory: optional, certificates: optional, oneIdentity: true,
		role: base + "ListOfTrustedEntities/PubEAAProvider/", roleIn: inElectronicAddress,
	},
	{
		name: "registrar", kind: trustlist.KindRegister, territory: "EU", // Annex I
		types: uris{
			official: []string{base + "LoTEType/EURegistrarsAndRegistersList"},
			pilot:    []string{base + "LoTEType/RegistrarsAndRegistersListProvidersList"},
		},
		status: uris{
			official: []string{base + "RegistrarsAndRegistersList/StatusDetn/EU"},
			pilot:    []string{base + "RegistrarsAndRegistersListProvidersList/StatusDetn/EU."},
		},
		rules: uris{
			official: []string{base + "RegistrarsAndRegistersList/schemerules/EU"},
			pilot:    []string{base + "RegistrarsAndRegistersListProvidersList/schemerules/EU"},
		},
		services: []serviceType{
			{uri: base + "SvcType/Register", purpose: trustlist.Issuance},
			{uri: base + "SvcType/Registrar", purpose: trustlist.Issuance, pilot: true},
			{uri: base + "SvcType/RegistrarsAndRegistersListSolution/Issuance", purpose: trustlist.Issuance, pilot: true},
			{uri: base + "SvcType/RegistrarsAndRegistersListSolution/Revocation", purpose: trustlist.Revocation, pilot: true},
		},

		historicalPeriod: absent, selfPointer: required, informationURIs: 2,
		serviceStatus: absent, serviceHistory: absent, certificates: required, tradeName: true, supplyPoints: required,
		role: base + "ListOfTrustedEntities/Registrar/", roleIn: inInformationURI,
	},
	{
		name: "mdl", kind: trustlist.KindMDL, territory: "EU", anchors: []string{"org.iso.18013.5.1.mDL"}, // the Commission's
		types:  uris{official: []string{commission + "mDLProvidersListType"}},
		status: uris{official: []string{commission + "mDLProvidersListStatusDetn"}},
		rules:  uris{official: []string{commission + "schemerules"}},
		services: []serviceType{
			{uri: commission + "SvcType/Issuance", purpose: trustlist.Issuance},
			{uri: commission + "SvcType/Revocation", purpose: trustlist.Revocation},
			{uri: base + "SvcType/mDL/Issuance", purpose: trustlist.Issuance}, // in the acceptance list in use
		},

		// Nothing is published of this profile's presence table beyond these.
		historicalPeriod: absent, selfPointer: optional, informationURIs: 1,
		serviceStatus: absent, serviceHistory: absent, certificates: required,
	},
}

// services is the usual pair of service types, then pilots' names for issuance.
func services(name string, pilots ...string) []serviceType {
	list := []serviceType{
		{uri: base + "SvcType/" + name + "/Issuance", purpose: trustlist.Issuance},
		{uri: base + "SvcType/" + name + "/Revocation", purpose: trustlist.Revocation},
	}
	for _, uri := range pilots {
		list = append(list, serviceType{uri: uri, purpose: trustlist.Issuance, pilot: true})
	}
	return list
}

// goodStatus are the service statuses that make an anchor usable; every other one,
// and one nobody has heard of, does not (trust lists 1.3).
var goodStatus = []string{
	base + "PubEAAProvidersList/SvcStatus/notified",
	"http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted",
	"http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/recognisedatnationallevel",
}
