package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// tables are the codes of the two specification documents, by section, and of
// the product's own contract. A code may stand in several sections.
var tables = map[string]string{
	"credentials 1.5": `input_too_large sdjwt_malformed jwt_alg_not_allowed jwt_crit_unsupported vc_typ_invalid issuer_key_unresolved
		issuer_signature_invalid sd_alg_unsupported sd_alg_nested sd_digest_malformed sd_digest_duplicate disclosure_malformed
		disclosure_name_forbidden disclosure_claim_collision disclosure_unreferenced disclosure_duplicate claim_must_not_be_disclosable
		vct_missing vct_mismatch claim_missing credential_not_yet_valid credential_expired credential_iat_future credential_aud_mismatch
		kb_missing kb_unexpected kb_malformed kb_typ_invalid kb_claim_missing cnf_missing cnf_unsupported kb_signature_invalid
		kb_iat_out_of_window kb_nonce_mismatch kb_aud_mismatch sd_hash_mismatch type_metadata_integrity_mismatch`,
	"credentials 2.6": `mdoc_malformed mdoc_version_unsupported mdoc_status_error mdoc_no_document mdoc_x5chain_missing mdoc_x5t_mismatch
		chain_invalid chain_profile_violation chain_expired anchor_territory_mismatch anchor_not_found anchor_scope_mismatch
		issuer_signature_invalid alg_unsupported mso_malformed mso_digest_alg_unsupported mdoc_doctype_mismatch mdoc_digest_missing
		mdoc_digest_mismatch mdoc_element_duplicate credential_not_yet_valid credential_expired mso_signed_outside_cert
		mdoc_valid_until_after_cert device_auth_missing device_auth_ambiguous device_key_not_authorized device_signature_invalid
		device_mac_invalid device_mac_key_unavailable session_transcript_missing issuing_country_mismatch issuing_jurisdiction_mismatch`,
	"credentials 3.8": `vp_token_malformed vp_query_id_unknown vp_multiple_not_allowed vp_format_mismatch kb_nonce_mismatch kb_aud_mismatch
		vp_holder_binding_missing vp_credential_set_unsatisfied dcql_type_mismatch dcql_claim_missing dcql_value_mismatch
		dcql_authority_mismatch transaction_data_missing transaction_data_hash_mismatch transaction_data_not_allowed
		vp_response_decrypt_failed request_context_incomplete`,
	"credentials 4.7": `status_reference_malformed status_mechanism_unsupported status_missing status_unavailable status_stale
		status_token_expired status_token_malformed status_token_type_invalid status_token_claim_missing status_token_signature_invalid
		status_signer_untrusted status_sub_mismatch status_token_rollback status_list_decompress_failed status_list_too_large
		status_bits_invalid status_index_out_of_range status_revoked status_suspended status_unknown_value`,
	"credentials 5": `idlist_reference_malformed idlist_token_malformed idlist_type_invalid idlist_has_status_list idlist_x5chain_missing
		idlist_exp_missing status_revoked`,
	"credentials 6": `chain_revoked crl_unavailable crl_expired crl_signature_invalid crl_issuer_mismatch crl_rollback
		ocsp_malformed ocsp_signer_invalid ocsp_unknown ocsp_stale`,
	"credentials 7.6": `attestation_kind_mismatch anchor_list_stale pid_vct_not_in_namespace status_missing short_lived_claim_inconsistent
		status_reference_conflict alg_not_agreed`,
	"trust lists 1": `trustlist_too_large trustlist_malformed trustlist_signature_missing trustlist_alg_forbidden trustlist_signer_unknown
		trustlist_signer_expired trustlist_signature_invalid trustlist_signer_scheme_mismatch trustlist_wrong_type
		trustlist_wrong_territory trustlist_version_unsupported trustlist_not_yet_valid trustlist_expired trustlist_validity_too_long
		trustlist_rollback trustlist_conflict trustlist_critical_extension_unknown trustlist_profile_violation trustlist_pivot_broken
		trustlist_oj_mismatch`,
	"trust lists 2": `trustlist_xml_dtd_forbidden trustlist_xml_wrapping trustlist_signature_invalid trustlist_signer_unknown
		trustlist_signer_expired trustlist_alg_forbidden trustlist_pivot_broken trustlist_oj_mismatch trustlist_location_conflict
		trustlist_pointer_invalid trustlist_version_unsupported trustlist_wrong_type trustlist_wrong_territory trustlist_expired
		trustlist_stale trustlist_rollback trustlist_conflict trustlist_too_large`,
	"trust lists 3": `vical_malformed vical_signature_invalid vical_signer_untrusted vical_rollback vical_conflict vical_expired
		vical_too_large vical_doctype_not_listed`,
	"trust lists 4": `fed_statement_invalid fed_chain_broken fed_loop fed_anchor_unknown fed_chain_expired fed_chain_stale
		fed_constraint_violated fed_policy_error fed_entity_type_missing fed_trust_mark_invalid fed_anchor_key_changed`,
	"trust lists 5": `anchor_not_found anchor_scope_mismatch anchor_territory_mismatch anchor_withdrawn anchor_list_stale chain_invalid
		chain_expired chain_too_long chain_self_signed chain_revoked chain_status_unknown chain_profile_violation issuer_mismatch
		chain_contains_anchor`,
	"trust lists 6": `authzen_bad_request authzen_subject_type authzen_id_mismatch authzen_key_missing authzen_key_malformed
		authzen_private_key_sent authzen_role_unknown authzen_name_not_bound`,
	"trust lists 7": `gossip_unknown_artifact gossip_digest_mismatch gossip_oversize trustlist_sequence_jump gossip_rate_limited
		trustlist_rollback trustlist_conflict snapshot_signature_invalid snapshot_rollback snapshot_mismatch freshness_expired
		node_not_seeded`,
	"trust lists 8": `privacy_region_mismatch privacy_config_unsafe status_unavailable_offline early_data_refused payload_too_large`,
	"design 5.3": `anchor_list_unavailable anchor_list_stale trustlist_stale trustlist_expired kb_expired mdoc_version_unsupported
		trustlist_sequence_jump status_signer_untrusted crl_unavailable trustlist_conflict clock_untrusted chain_contains_anchor
		session_transcript_missing device_mac_key_unavailable request_context_incomplete`,
	"design 3.1": `anchor_change_held list_unsigned`,
	"registry": `artefact_unknown internal_error status_memory_full status_aggregation_malformed
		crl_malformed crl_too_large crl_critical_extension_unknown`, // needed by the code, named by no document
}

// plannedCodes are the codes of the tables that nothing returns yet, by the part of the
// product they belong to.
var plannedCodes = map[string]string{
	"type metadata":                   `type_metadata_integrity_mismatch`,
	"encrypted responses":             `vp_response_decrypt_failed`,
	"called crl_unavailable here":     `chain_status_unknown`,
	"OCSP, which is never asked":      `ocsp_malformed ocsp_signer_invalid ocsp_unknown ocsp_stale`,
	"OpenID Federation":               `fed_statement_invalid fed_chain_broken fed_loop fed_anchor_unknown fed_chain_expired fed_chain_stale fed_constraint_violated fed_policy_error fed_entity_type_missing fed_trust_mark_invalid fed_anchor_key_changed`,
	"AuthZEN":                         `authzen_bad_request authzen_subject_type authzen_id_mismatch authzen_key_missing authzen_key_malformed authzen_private_key_sent authzen_role_unknown authzen_name_not_bound`,
	"gossip":                          `gossip_unknown_artifact gossip_digest_mismatch gossip_oversize gossip_rate_limited`,
	"cloud statements":                `snapshot_signature_invalid snapshot_rollback snapshot_mismatch freshness_expired`,
	"regions and offline operation":   `privacy_region_mismatch privacy_config_unsafe status_unavailable_offline`,
	"HTTP problems, not of a verdict": `early_data_refused payload_too_large`,
}

// TestTables: the registry and what is to come later are exactly the tables.
func TestTables(t *testing.T) {
	registered, planned, known := make(map[string]bool), make(map[string]string), make(map[string]bool)
	for _, e := range reason.Registry() {
		registered[string(e.Code)] = true
	}
	for part, list := range plannedCodes {
		for _, c := range strings.Fields(list) {
			if registered[c] {
				t.Errorf("%s is in the registry: it is not for later", c)
			}
			if p, ok := planned[c]; ok {
				t.Errorf("%s is for %s and for %s", c, p, part)
			}
			planned[c] = part
		}
	}
	for section, list := range tables {
		for _, c := range strings.Fields(list) {
			known[c] = true
			if _, ok := planned[c]; !ok && !registered[c] {
				t.Errorf("%s of %s is neither in the registry nor for later", c, section)
			}
		}
	}
	for c := range registered {
		if !known[c] {
			t.Errorf("%s is in the registry and in no table", c)
		}
	}
	for c, part := range planned {
		if !known[c] {
			t.Errorf("%s, for %s, is in no table", c, part)
		}
	}
	own := strings.Fields(tables["registry"])
	for section, list := range tables {
		for _, c := range strings.Fields(list) {
			if section != "registry" && slices.Contains(own, c) {
				t.Errorf("%s is in %s too", c, section)
			}
		}
	}
}
