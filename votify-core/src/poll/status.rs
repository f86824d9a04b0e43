use serde::{Deserialize, Serialize};

/// Where a poll stands at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollStatus {
    /// Before its `opens_at`.
    Scheduled,
    /// Ballots count.
    Open,
    /// Past its `closes_at`, or closed by its owner.
    Closed,
}
