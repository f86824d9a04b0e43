use std::sync::Arc;

use crate::poll::Poll;
use crate::tally::Tally;

/// A poll and its tally, both of the same version.
#[derive(Debug, Clone)]
pub(super) struct LoadedPoll {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}
