use std::sync::Arc;

use crate::ballot::Outcome;
use crate::id::BallotId;
use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// A poll with its counts as one caller may see them, all of one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSnapshot {
    /// The definition.
    pub poll: Arc<Poll>,
    /// Where it stands.
    pub status: PollStatus,
    /// The counts.
    pub view: TallyView,
    /// How many watch it, over all nodes; may be 5 s late.
    pub viewers: u32,
}

/// The answer to an accepted vote: given only when the store has made it durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteReceipt {
    /// The ballot's id, which makes a repetition harmless.
    pub ballot: BallotId,
    /// What became of it; never a refusal. Where counts are hidden from the caller the revision in it is too: 0.
    pub outcome: Outcome,
    /// The poll.
    pub poll: Arc<Poll>,
    /// The counts right after the batch that the ballot was in.
    pub view: TallyView,
}

/// Numbers for dashboards, since the engine was built. Votes in polls with hidden results are in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStats {
    /// Ballots counted.
    pub counted: u64,
    /// Ballots counted in place of an earlier one.
    pub replaced: u64,
    /// Ballots taken back.
    pub withdrawn: u64,
    /// Ballots that were accepted before.
    pub replayed: u64,
    /// Ballots refused.
    pub refused: u64,
    /// Votes turned away because too many were waiting.
    pub overloaded: u64,
    /// Batches of votes that could not be written, or not in time.
    pub store_failures: u64,
    /// Viewers of this engine right now.
    pub viewers: u64,
    /// Polls watched through this engine right now.
    pub watched_polls: u64,
}
