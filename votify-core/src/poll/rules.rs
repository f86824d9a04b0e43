use serde::{Deserialize, Serialize};

use crate::poll::AddressQuota;
use crate::voter::VoterPolicy;

/// The number of options that a ballot chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BallotKind {
    /// Exactly one option.
    #[default]
    Single,
    /// Several different options.
    Multiple {
        /// The minimum, at least 1.
        min: u32,
        /// The maximum, at most the number of options.
        max: u32,
    },
}

/// The audience of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResultsPolicy {
    /// Everyone sees the counts at any time.
    #[default]
    Live,
    /// Voters with an active ballot see the counts; everyone does after the seal.
    AfterVote,
    /// Everyone sees the counts after the seal, and no one before.
    AfterClose,
}

/// The rules for votes and results. The first ballot freezes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PollRules {
    /// The number of options that a ballot chooses.
    pub ballot: BallotKind,
    /// The identity by which a voter is counted.
    pub voters: VoterPolicy,
    /// The audience of the counts.
    pub results: ResultsPolicy,
    /// True if voters may replace or withdraw their vote.
    pub revote: bool,
    /// The maximum number of active ballots from one address. `None`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_quota: Option<AddressQuota>,
}
