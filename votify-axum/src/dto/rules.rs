use serde_json::Value;
use votify_core::poll::AddressQuota;
use votify_core::{BallotKind, ResultsPolicy, Timestamp, VoterPolicy};

use crate::dto::fields::{FieldErrors, FieldReader};

const RESULTS: [(&str, ResultsPolicy); 3] = [
    ("live", ResultsPolicy::Live),
    ("after_vote", ResultsPolicy::AfterVote),
    ("after_close", ResultsPolicy::AfterClose),
];

/// The values of `ballot`.
const BALLOT_KINDS: &str =
    r#"must be {"kind": "single"}, or {"kind": "multiple", "min": 1, "max": 3}"#;
const NO_ADDRESSES: &str = "this server cannot read its callers' addresses";

/// The kinds of voters that this server supports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capabilities {
    pub(crate) accounts: bool,
    pub(crate) addresses: bool,
    pub(crate) invites: bool,
}

/// The rules of a poll in a request. Absent and invalid rules are `None`.
#[derive(Debug, Default)]
pub(crate) struct RulesInput {
    pub(crate) ballot: Option<BallotKind>,
    pub(crate) voters: Option<VoterPolicy>,
    pub(crate) results: Option<ResultsPolicy>,
    pub(crate) revote: Option<bool>,
    /// `Some(None)` for `null`.
    pub(crate) address_quota: Option<Option<AddressQuota>>,
}

impl RulesInput {
    /// Reads the rules. `option_count` is the default of `ballot.max`.
    pub(crate) fn read(
        fields: &mut FieldReader,
        option_count: usize,
        capabilities: Capabilities,
        errors: &mut FieldErrors,
    ) -> Self {
        Self {
            ballot: fields
                .take("ballot")
                .and_then(|value| ballot(value, option_count, errors)),
            voters: fields
                .take("voters")
                .and_then(|value| voters(&value, capabilities, errors)),
            results: fields.keyword("results", &RESULTS, errors),
            revote: fields.boolean("revote", errors),
            address_quota: fields
                .take("address_quota")
                .and_then(|value| address_quota(value, capabilities, errors)),
        }
    }
}

fn ballot(value: Value, option_count: usize, errors: &mut FieldErrors) -> Option<BallotKind> {
    if !value.is_object() {
        errors.add("ballot", BALLOT_KINDS);
        return None;
    }
    let mut fields = FieldReader::new(value, "ballot", errors)?;
    let kind = fields.take("kind");
    let ballot = match kind.as_ref().map(Value::as_str) {
        Some(Some("single")) => Some(BallotKind::Single),
        Some(Some("multiple")) => {
            let all = u32::try_from(option_count).unwrap_or(u32::MAX);
            let min = fields.number("min", errors).unwrap_or(1);
            let max = fields.number("max", errors).unwrap_or_else(|| all.max(1));
            Some(BallotKind::Multiple { min, max })
        }
        Some(Some(kind @ ("ranked" | "score"))) => {
            let error = format!("{kind} is not supported yet: must be one of single, multiple");
            errors.add("ballot.kind", error);
            return None;
        }
        Some(_) => {
            errors.add("ballot.kind", "must be one of single, multiple");
            return None;
        }
        None => {
            errors.add("ballot.kind", "required: one of single, multiple");
            return None;
        }
    };
    fields.finish(errors);
    ballot
}

fn voters(
    value: &Value,
    capabilities: Capabilities,
    errors: &mut FieldErrors,
) -> Option<VoterPolicy> {
    match value.as_str() {
        Some("browser") => return Some(VoterPolicy::Browser),
        Some("ip") if capabilities.addresses => return Some(VoterPolicy::Ip),
        Some("account") if capabilities.accounts => return Some(VoterPolicy::Account),
        Some("invite") if capabilities.invites => return Some(VoterPolicy::Invite),
        Some("ip") => errors.add("voters", NO_ADDRESSES),
        Some("account") => errors.add("voters", "this server has no accounts"),
        Some("invite") => errors.add("voters", "this server does not support invites"),
        _ => errors.add("voters", "must be one of browser, ip, account, invite"),
    }
    None
}

/// Reads a quota or `null`. Returns `None` if the value is invalid.
fn address_quota(
    value: Value,
    capabilities: Capabilities,
    errors: &mut FieldErrors,
) -> Option<Option<AddressQuota>> {
    const FIELD: &str = "address_quota";
    if value.is_null() {
        return Some(None);
    }
    if !capabilities.addresses {
        errors.add(FIELD, NO_ADDRESSES);
        return None;
    }
    let mut fields = FieldReader::new(value, FIELD, errors)?;
    if !fields.contains("ballots") {
        errors.add("address_quota.ballots", "required");
    }
    let ballots = fields.number("ballots", errors);
    let prefix = match fields.contains("ipv4_prefix") {
        true => fields.number("ipv4_prefix", errors),
        false => Some(32),
    };
    fields.finish(errors);
    Some(Some(AddressQuota {
        ballots: ballots?,
        // The check of the content rejects 255, like all values but 24 and 32.
        ipv4_prefix: u8::try_from(prefix?).unwrap_or(u8::MAX),
    }))
}

/// Reads a time or `null`. Returns `None` if the field is absent or invalid.
pub(crate) fn nullable_time(
    fields: &mut FieldReader,
    name: &str,
    errors: &mut FieldErrors,
) -> Option<Option<Timestamp>> {
    let text = fields.nullable_string(name, errors)?;
    let Some(text) = text else { return Some(None) };
    match text.parse() {
        Ok(time) => Some(Some(time)),
        Err(_) => {
            errors.add(
                fields.path_of(name),
                "must be an RFC 3339 time, such as 2026-11-21T12:00:00Z",
            );
            None
        }
    }
}
