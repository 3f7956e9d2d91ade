package verifytest

import "github.com/edgetrust/edgetrust/verify/trustlist"

// Prefixes of URIs (trust lists 1.3).
const (
	uriETSI       = "http://uri.etsi.org/19602/"
	uriCommission = "http://trust.ec.europa.eu/lists/mDL/"
)

// loteProfile is one row of the table of EU profiles: Annexes D to I of ETSI TS
// 119 602, and the Commission's for driving licences.
type loteProfile struct {
	name       string
	kind       trustlist.Kind
	title      string
	loteType   string
	status     string
	rules      string
	service    string // service types are this and Issuance or Revocation
	onlyType   string // the one service type, where there is one
	role       string // role URI without the country
	roleInMail bool   // in TEElectronicAddress, not in TEInformationURI
	historical bool   // HistoricalInformationPeriod and ServiceStatus
	noPointer  bool   // no pointer to the list itself
	uniqueID   bool   // ServiceUniqueIdentifier on every service
	supply     bool   // ServiceSupplyPoints on every service
}

var loteProfiles = []loteProfile{
	{
		name: "pid", kind: trustlist.KindPID, title: "EU list of PID providers",
		loteType: uriETSI + "LoTEType/EUPIDProvidersList",
		status:   uriETSI + "PIDProvidersList/StatusDetn/EU",
		rules:    uriETSI + "PIDProviders/schemerules/EU", // the one without "List"
		service:  uriETSI + "SvcType/PID/",
		role:     uriETSI + "ListOfTrustedEntities/PIDProvider/",
	},
	{
		name: "wallet", kind: trustlist.KindWallet, title: "EU list of wallet providers",
		loteType: uriETSI + "LoTEType/EUWalletProvidersList",
		status:   uriETSI + "WalletProvidersList/StatusDetn/EU",
		rules:    uriETSI + "WalletProvidersList/schemerules/EU",
		service:  uriETSI + "SvcType/WalletSolution/",
		role:     uriETSI + "ListOfTrustedEntities/WalletProvider/",
		uniqueID: true,
	},
	{
		name: "wrpac", kind: trustlist.KindWRPAC, title: "EU list of providers of relying party access certificates",
		loteType: uriETSI + "LoTEType/EUWRPACProvidersList",
		status:   uriETSI + "WRPACProvidersList/StatusDetn/EU",
		rules:    uriETSI + "WRPACProvidersList/schemerules/EU",
		service:  uriETSI + "SvcType/WRPAC/",
		role:     uriETSI + "ListOfTrustedEntities/WRPACProvider/",
	},
	{
		name: "wrprc", kind: trustlist.KindWRPRC, title: "EU list of providers of relying party registration certificates",
		loteType: uriETSI + "LoTEType/EUWRPRCProvidersList",
		status:   uriETSI + "WRPRCrovidersList/StatusDetn/EU", // misprinted in the standard
		rules:    uriETSI + "WRPRCProvidersList/schemerules/EU",
		service:  uriETSI + "SvcType/WRPRC/",
		role:     uriETSI + "ListOfTrustedEntities/WRPRCProvider/",
	},
	{
		name: "pubeaa", kind: trustlist.KindPubEAA, title: "EU list of public sector bodies issuing attestations",
		loteType:   uriETSI + "LoTEType/EUPubEAAProvidersList",
		status:     uriETSI + "PubEAAProvidersList/StatusDetn/EU",
		rules:      uriETSI + "PubEAAProvidersList/schemerules/EU",
		service:    uriETSI + "SvcType/PubEAA/",
		role:       uriETSI + "ListOfTrustedEntities/PubEAAProvider/",
		roleInMail: true, historical: true, noPointer: true,
	},
	{
		name: "registrar", kind: trustlist.KindRegister, title: "EU list of registrars and registers of relying parties",
		loteType: uriETSI + "LoTEType/EURegistrarsAndRegistersList",
		status:   uriETSI + "RegistrarsAndRegistersList/StatusDetn/EU",
		rules:    uriETSI + "RegistrarsAndRegistersList/schemerules/EU",
		onlyType: uriETSI + "SvcType/Register",
		role:     uriETSI + "ListOfTrustedEntities/Registrar/",
		supply:   true,
	},
	{
		name: "mdl", kind: trustlist.KindMDL, title: "List of providers of mobile driving licences",
		loteType: uriCommission + "mDLProvidersListType",
		status:   uriCommission + "mDLProvidersListStatusDetn",
		rules:    uriCommission + "schemerules",
		service:  uriCommission + "SvcType/",
	},
}

// Profiles returns the names of the lists that LoTE makes.
func Profiles() []string {
	var names []string
	for _, p := range loteProfiles {
		names = append(names, p.name)
	}
	return names
}

// PubEAA service statuses (Annex H).
const (
	statusNotified  = uriETSI + "PubEAAProvidersList/SvcStatus/notified"
	statusWithdrawn = uriETSI + "PubEAAProvidersList/SvcStatus/withdrawn"
)
