package lote

import "github.com/go-json-experiment/json/jsontext"

// The types below are the JSON schema of Annex A (1960201_json_schema.json), one
// struct per definition. A field is required unless it is tagged schema:"optional",
// and an array has at least one item: decode checks both. Objects are closed
// except where a field is tagged ",embed".

type document struct {
	LoTE *list `json:"LoTE"`
}

type list struct {
	Scheme   *scheme          `json:"ListAndSchemeInformation"`
	Entities []jsontext.Value `json:"TrustedEntitiesList" schema:"optional"` // decoded one by one, each with its cap
}

type scheme struct {
	Version          *int64           `json:"LoTEVersionIdentifier"`
	Sequence         *int64           `json:"LoTESequenceNumber"`
	Type             *string          `json:"LoTEType" schema:"optional"`
	OperatorName     []text           `json:"SchemeOperatorName"`
	OperatorAddress  *operatorAddress `json:"SchemeOperatorAddress" schema:"optional"`
	Name             []text           `json:"SchemeName" schema:"optional"`
	InformationURI   []link           `json:"SchemeInformationURI" schema:"optional"`
	StatusApproach   *string          `json:"StatusDeterminationApproach" schema:"optional"`
	CommunityRules   []link           `json:"SchemeTypeCommunityRules" schema:"optional"`
	Territory        *string          `json:"SchemeTerritory" schema:"optional"`
	Policy           []policy         `json:"PolicyOrLegalNotice" schema:"optional"`
	HistoricalPeriod *int64           `json:"HistoricalInformationPeriod" schema:"optional"`
	Pointers         []pointer        `json:"PointersToOtherLoTE" schema:"optional"`
	Issued           *string          `json:"ListIssueDateTime"`
	NextUpdate       *string          `json:"NextUpdate"`
	Distribution     []string         `json:"DistributionPoints" schema:"optional"`
	Extensions       []jsontext.Value `json:"SchemeExtensions" schema:"optional"`
}

type text struct {
	Lang  *string `json:"lang"`
	Value *string `json:"value"`
}

type link struct {
	Lang *string `json:"lang"`
	URI  *string `json:"uriValue"`
}

type operatorAddress struct {
	Postal     []postalAddress `json:"SchemeOperatorPostalAddress"`
	Electronic []link          `json:"SchemeOperatorElectronicAddress"`
}

type postalAddress struct {
	Lang     *string `json:"lang"`
	Street   *string `json:"StreetAddress"`
	Locality *string `json:"Locality" schema:"optional"`
	State    *string `json:"StateOrProvince" schema:"optional"`
	Code     *string `json:"PostalCode" schema:"optional"`
	Country  *string `json:"Country"`
}

// policy is one of the two; the array holds all of one kind.
type policy struct {
	Policy *link                     `json:"LoTEPolicy" schema:"optional"`
	Notice *string                   `json:"LoTELegalNotice" schema:"optional"`
	Other  map[string]jsontext.Value `json:",embed"` // the schema leaves this object open
}

type pointer struct {
	Location   *string     `json:"LoTELocation"`
	Identities []identity  `json:"ServiceDigitalIdentities"`
	Qualifiers []qualifier `json:"LoTEQualifiers"`
}

type qualifier struct {
	Type           *string `json:"LoTEType"`
	OperatorName   []text  `json:"SchemeOperatorName"`
	CommunityRules []link  `json:"SchemeTypeCommunityRules" schema:"optional"`
	Territory      *string `json:"SchemeTerritory" schema:"optional"`
	MimeType       *string `json:"MimeType"`
}

// identity may be empty. The schema closes it in the wrong place, so validators
// let unknown members pass: they are ignored here, with a warning.
type identity struct {
	Certificates []pkiObject               `json:"X509Certificates" schema:"optional"`
	SubjectNames []string                  `json:"X509SubjectNames" schema:"optional"`
	KeyValues    []jsontext.Value          `json:"PublicKeyValues" schema:"optional"`
	SKIs         []string                  `json:"X509SKIs" schema:"optional"`
	OtherIDs     []string                  `json:"OtherIds" schema:"optional"`
	Unknown      map[string]jsontext.Value `json:",embed"`
}

type pkiObject struct {
	Encoding *string `json:"encoding" schema:"optional"`
	SpecRef  *string `json:"specRef" schema:"optional"`
	Value    *string `json:"val"`
}

type entity struct {
	Information *entityInformation `json:"TrustedEntityInformation"`
	Services    []entityService    `json:"TrustedEntityServices"`
}

type entityInformation struct {
	Name           []text           `json:"TEName"`
	TradeName      []text           `json:"TETradeName" schema:"optional"`
	Address        *entityAddress   `json:"TEAddress"`
	InformationURI []link           `json:"TEInformationURI"`
	Extensions     []jsontext.Value `json:"TEInformationExtensions" schema:"optional"`
}

type entityAddress struct {
	Postal     []postalAddress `json:"TEPostalAddress"`
	Electronic []link          `json:"TEElectronicAddress"`
}

type entityService struct {
	Information *serviceInformation `json:"ServiceInformation"`
	History     []serviceHistory    `json:"ServiceHistory" schema:"optional"`
}

type serviceInformation struct {
	Name          []text           `json:"ServiceName"`
	Identity      *identity        `json:"ServiceDigitalIdentity"`
	Type          *string          `json:"ServiceTypeIdentifier" schema:"optional"`
	Status        *string          `json:"ServiceStatus" schema:"optional"`
	StatusSince   *string          `json:"StatusStartingTime" schema:"optional"`
	SchemeDefined []link           `json:"SchemeServiceDefinitionURI" schema:"optional"`
	SupplyPoints  []supplyPoint    `json:"ServiceSupplyPoints" schema:"optional"`
	DefinitionURI []link           `json:"ServiceDefinitionURI" schema:"optional"`
	Extensions    []jsontext.Value `json:"ServiceInformationExtensions" schema:"optional"`
}

type supplyPoint struct {
	Type *string `json:"ServiceType" schema:"optional"`
	URI  *string `json:"uriValue"`
}

type serviceHistory struct {
	Name        []text           `json:"ServiceName"`
	Identity    *identity        `json:"ServiceDigitalIdentity"`
	Status      *string          `json:"ServiceStatus"`
	StatusSince *string          `json:"StatusStartingTime"`
	Type        *string          `json:"ServiceTypeIdentifier" schema:"optional"`
	Extensions  []jsontext.Value `json:"ServiceInformationExtensions" schema:"optional"`
}
