use std::sync::Arc;

use crate::engine::config::MAX_VOTE_SAMPLE;
use crate::id::OptionId;
use crate::tally::{Audience, Tally};
use crate::voter::VoterId;

/// A new tally of a poll, with the facts about its ballots that viewers need.
#[derive(Debug)]
pub(super) struct TallyChange {
    pub(super) tally: Arc<Tally>,
    /// A sample of the new votes with one option.
    pub(super) vote_sample: Vec<OptionId>,
    /// The voters whose audience changed, each with the new audience. They stay on this
    /// instance.
    pub(super) audience_changes: Vec<(VoterId, Audience)>,
}

impl TallyChange {
    /// Creates a change without votes.
    pub(super) const fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            vote_sample: Vec::new(),
            audience_changes: Vec::new(),
        }
    }
}

/// Adds votes to a sample while it has fewer than [`MAX_VOTE_SAMPLE`].
pub(super) fn extend_sample(sample: &mut Vec<OptionId>, votes: &[OptionId]) {
    let free = MAX_VOTE_SAMPLE.saturating_sub(sample.len());
    sample.extend(votes.iter().take(free));
}
