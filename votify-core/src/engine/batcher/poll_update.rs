use std::sync::Arc;

use super::shared_tally::SharedTally;
use crate::engine::cache::CacheEntry;
use crate::id::OptionId;
use crate::tally::{Audience, Tally};
use crate::voter::VoterId;

/// The changes of a batch to one poll.
#[derive(Debug)]
pub(super) struct PollUpdate {
    pub(super) tally: Arc<SharedTally>,
    /// The definition that a ballot of the batch was checked against, if one changed the
    /// tally.
    pub(super) entry: Option<Arc<CacheEntry>>,
    /// A sample of the options of single votes.
    pub(super) votes: Vec<OptionId>,
    /// The voters whose audience changed, if the counts may depend on the audience.
    pub(super) voters: Vec<(VoterId, Audience)>,
}

impl PollUpdate {
    /// Creates an update to `tally` without ballots.
    pub(super) fn new(tally: Tally) -> Self {
        Self {
            tally: Arc::new(SharedTally::new(tally)),
            entry: None,
            votes: Vec::new(),
            voters: Vec::new(),
        }
    }
}
