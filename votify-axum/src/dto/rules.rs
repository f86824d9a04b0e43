use serde_json::Value;
use votify_core::poll::AddressQuota;
use votify_core::{BallotKind, ResultsPolicy, Timestamp, VoterPolicy};

use crate::fields::{Fields, Problems};

const RESULTS: [(&str, ResultsPolicy); 3] = [
    ("live", ResultsPolicy::Live),
    ("after_vote", ResultsPolicy::AfterVote),
    ("after_close", ResultsPolicy::AfterClose),
];

const UNKNOWN_ADDRESSES: &str = "this server does not know its callers' addresses";

/// What this server can tell of its callers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    /// Whether there are accounts.
    pub(crate) accounts: bool,
    /// Whether addresses are known.
    pub(crate) addresses: bool,
    /// Whether invites are kept.
    pub(crate) invites: bool,
}

/// The rules of a poll as far as they are given and can be read.
#[derive(Debug, Default)]
pub(crate) struct GivenRules {
    pub(crate) ballot: Option<BallotKind>,
    pub(crate) voters: Option<VoterPolicy>,
    pub(crate) results: Option<ResultsPolicy>,
    pub(crate) revote: Option<bool>,
    /// `Some(None)` for `null`.
    pub(crate) address_quota: Option<Option<AddressQuota>>,
}

impl GivenRules {
    /// `options`: how many options there are, for the default of `ballot.max`.
    pub(crate) fn read(
        fields: &mut Fields,
        options: usize,
        able: Abilities,
        problems: &mut Problems,
    ) -> Self {
        Self {
            ballot: fields
                .take("ballot")
                .and_then(|value| ballot(value, options, problems)),
            voters: fields
                .take("voters")
                .and_then(|value| voters(&value, able, problems)),
            results: fields.word("results", &RESULTS, problems),
            revote: fields.flag("revote", problems),
            address_quota: fields
                .take("address_quota")
                .and_then(|value| address_quota(value, able, problems)),
        }
    }
}

fn ballot(value: Value, options: usize, problems: &mut Problems) -> Option<BallotKind> {
    let mut fields = Fields::of(value, "ballot", problems)?;
    let kind = fields.take("kind");
    let ballot = match kind.as_ref().map(Value::as_str) {
        Some(Some("single")) => Some(BallotKind::Single),
        Some(Some("multiple")) => {
            let all = u32::try_from(options).unwrap_or(u32::MAX);
            let min = fields.number("min", problems).unwrap_or(1);
            let max = fields.number("max", problems).unwrap_or_else(|| all.max(1));
            Some(BallotKind::Multiple { min, max })
        }
        Some(Some(kind @ ("ranked" | "score"))) => {
            problems.add("ballot.kind", format!("{kind} is not built yet"));
            return None;
        }
        Some(_) => {
            problems.add("ballot.kind", "must be one of single, multiple");
            return None;
        }
        None => {
            problems.add("ballot.kind", "is missing");
            return None;
        }
    };
    fields.finish(problems);
    ballot
}

fn voters(value: &Value, able: Abilities, problems: &mut Problems) -> Option<VoterPolicy> {
    match value.as_str() {
        Some("browser") => return Some(VoterPolicy::Browser),
        Some("ip") if able.addresses => return Some(VoterPolicy::Ip),
        Some("account") if able.accounts => return Some(VoterPolicy::Account),
        Some("invite") if able.invites => return Some(VoterPolicy::Invite),
        Some("ip") => problems.add("voters", UNKNOWN_ADDRESSES),
        Some("account") => problems.add("voters", "this server has no accounts"),
        Some("invite") => problems.add("voters", "this server keeps no invites"),
        _ => problems.add("voters", "must be one of browser, ip, account, invite"),
    }
    None
}

/// A quota, or `null`; `None` if it cannot be read, and then told.
fn address_quota(
    value: Value,
    able: Abilities,
    problems: &mut Problems,
) -> Option<Option<AddressQuota>> {
    const FIELD: &str = "address_quota";
    if value.is_null() {
        return Some(None);
    }
    if !able.addresses {
        problems.add(FIELD, UNKNOWN_ADDRESSES);
        return None;
    }
    let mut fields = Fields::of(value, FIELD, problems)?;
    if !fields.has("ballots") {
        problems.add("address_quota.ballots", "is missing");
    }
    let ballots = fields.number("ballots", problems);
    let prefix = match fields.has("ipv4_prefix") {
        true => fields.number("ipv4_prefix", problems),
        false => Some(32),
    };
    fields.finish(problems);
    Some(Some(AddressQuota {
        ballots: ballots?,
        // What is too large is none of the two that there are.
        ipv4_prefix: u8::try_from(prefix?).unwrap_or(u8::MAX),
    }))
}

/// A moment, or `null`; `None` if it is not there or cannot be read, and then told.
pub(crate) fn nullable_time(
    fields: &mut Fields,
    name: &str,
    problems: &mut Problems,
) -> Option<Option<Timestamp>> {
    let text = fields.nullable_text(name, problems)?;
    let Some(text) = text else { return Some(None) };
    match text.parse() {
        Ok(time) => Some(Some(time)),
        Err(_) => {
            problems.add(
                fields.at(name),
                "must be an RFC 3339 time, like 2026-11-21T12:00:00Z",
            );
            None
        }
    }
}
