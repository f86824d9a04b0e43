use std::sync::Arc;

use crate::poll::Poll;
use crate::tally::Tally;

/// A poll and its tally, both of the same version.
///
/// Unlike in a [`PollState`](crate::poll::PollState), both are shared: a new tally
/// replaces the old one without a copy of the definition.
#[derive(Debug, Clone)]
pub(super) struct LoadedPoll {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}
