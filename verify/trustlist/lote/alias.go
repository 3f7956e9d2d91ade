package lote

// official puts the official URI in the place of one that the operator accepts for
// it. What comes after sees official URIs only, so that a URI that was renamed
// neither changes a list's type nor an anchor's scope. An official URI keeps its own
// meaning: by no alias does a list of one profile count as another's, or a key for
// revocation as one for issuance.
func (o Options) official(uri *string) {
	if uri == nil {
		return
	}
	if official, ok := o.Aliases[*uri]; ok && !IsOfficial(*uri) {
		*uri = official
	}
}

// aliases renames what the scheme says. The services are renamed as they are read.
func (r *reader) aliases(body *list) error {
	s := body.Scheme
	r.o.official(s.Type)
	r.o.official(s.StatusApproach)
	for _, rule := range s.CommunityRules {
		r.o.official(rule.URI)
	}
	for _, p := range s.Pointers {
		for _, q := range p.Qualifiers {
			r.o.official(q.Type)
		}
	}
	return nil
}
