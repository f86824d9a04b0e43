use serde::{Deserialize, Serialize};

use crate::poll::AddressQuota;
use crate::voter::VoterPolicy;

/// What a ballot of the poll looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BallotKind {
    /// Exactly one option.
    #[default]
    Single,
    /// Several different options.
    Multiple {
        /// The fewest, at least 1.
        min: u32,
        /// The most, at most the number of options.
        max: u32,
    },
}

/// Who sees counts, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResultsPolicy {
    /// Everybody, at any time.
    #[default]
    Live,
    /// A voter whose ballot stands; everybody once the poll is sealed.
    AfterVote,
    /// Everybody once the poll is sealed, and nobody before.
    AfterClose,
}

/// How votes are cast and shown. Frozen at the first ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PollRules {
    /// What a ballot looks like.
    pub ballot: BallotKind,
    /// What counts as one voter.
    pub voters: VoterPolicy,
    /// Who sees counts, and when.
    pub results: ResultsPolicy,
    /// Whether a voter may vote anew or take the vote back.
    pub revote: bool,
    /// How many ballots may stand from one address, if there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_quota: Option<AddressQuota>,
}
