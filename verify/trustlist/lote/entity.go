package lote

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// entities reads every trusted entity. An absent TrustedEntitiesList means that
// nobody is approved (clause 6.4.0).
func (r *reader) entities(body *list) error {
	for i, raw := range body.Entities {
		if len(raw) > MaxEntity {
			return reason.Refuse(reason.TrustListTooLarge, "a trusted entity is larger than %d bytes", MaxEntity)
		}
		var e entity
		if err := decode(raw, &e, "a trusted entity"); err != nil {
			return err
		}
		if err := r.entity(&e); err != nil {
			return err
		}
		body.Entities[i] = nil // the text is no longer needed
	}
	return nil
}

// who is what an entity's anchors have in common.
type who struct {
	key       string
	trade     string // id out of TETradeName; "" when it has no registered form
	name      string
	territory string // "" : each certificate's own country
}

func (r *reader) entity(e *entity) error {
	info := e.Information
	if err := r.extensions(info.Extensions, nil); err != nil {
		return err
	}
	w := who{name: english(info.Name)}
	id, cc := tradeID(info.TradeName)
	if id == "" && r.p.tradeName {
		r.warn("an entity has no TETradeName of the registered form")
	}
	w.trade = id
	if w.key = id; id == "" {
		sum := sha256.Sum256([]byte(w.name))
		w.key = hex.EncodeToString(sum[:])
	}
	role, err := r.roleTerritory(info)
	if err != nil {
		return err
	}
	if w.territory = role; role == "" {
		w.territory = cc
	}
	for i := range e.Services {
		if err := r.service(w, &e.Services[i]); err != nil {
			return err
		}
	}
	return nil
}

// tradeName is the registered form of TETradeName: kind of register, country, id
// (trust lists 1.3, after EN 319 412-1).
var tradeName = regexp.MustCompile(`^(?:VAT|NTR|PAS|IDC|PNO|TIN)([A-Z]{2})-.+$`)

func tradeID(names []text) (id, country string) {
	for _, n := range names {
		if m := tradeName.FindStringSubmatch(*n.Value); m != nil {
			return m[0], trustlist.Territory(m[1])
		}
	}
	return "", ""
}

// roleTerritory is the country at the end of the entity's role URI. Two countries
// would make anchors for whichever the reader likes, so they condemn the list.
func (r *reader) roleTerritory(info *entityInformation) (string, error) {
	territory := ""
	for _, uri := range r.p.roleURIs(info) {
		cc, ok := strings.CutPrefix(*uri.URI, r.p.role)
		if !ok {
			continue
		}
		if !isCountry(cc) {
			return "", violation("an entity's role URI does not end in a country")
		}
		cc = trustlist.Territory(cc)
		if territory != "" && territory != cc {
			return "", violation("an entity has role URIs of two countries")
		}
		territory = cc
	}
	if territory == "" && r.p.roleIn != nowhere {
		r.warn("an entity has no role URI")
	}
	return territory, nil
}

func (p *profile) roleURIs(info *entityInformation) []link {
	switch p.roleIn {
	case inInformationURI:
		return info.InformationURI
	case inElectronicAddress:
		return info.Address.Electronic
	default:
		return nil
	}
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// english returns the English entry, else the first one.
func english(names []text) string {
	for _, n := range names {
		if lang, _, _ := strings.Cut(*n.Lang, "-"); strings.EqualFold(lang, "en") {
			return *n.Value
		}
	}
	return *names[0].Value
}
