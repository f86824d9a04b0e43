use std::sync::Arc;

use super::shared_tally::SharedTally;
use crate::engine::cache::CachedDefinition;
use crate::id::OptionId;
use crate::tally::{Audience, Tally};
use crate::voter::VoterId;

/// The result of a batch for one poll.
#[derive(Debug)]
pub(super) struct PollBatchResult {
    pub(super) tally: Arc<SharedTally>,
    /// The definition that a ballot of the batch was checked against, if one changed the
    /// tally.
    pub(super) definition: Option<Arc<CachedDefinition>>,
    /// A sample of the new votes with one option.
    pub(super) vote_sample: Vec<OptionId>,
    /// The voters whose audience changed, if the counts may depend on the audience.
    pub(super) audience_changes: Vec<(VoterId, Audience)>,
}

impl PollBatchResult {
    /// Creates a result with `tally` and without ballots.
    pub(super) fn new(tally: Tally) -> Self {
        Self {
            tally: Arc::new(SharedTally::new(tally)),
            definition: None,
            vote_sample: Vec::new(),
            audience_changes: Vec::new(),
        }
    }
}
