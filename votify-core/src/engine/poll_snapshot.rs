use std::sync::Arc;

use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// A poll with its counts as one caller may see them, all at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSnapshot {
    /// The definition.
    pub poll: Arc<Poll>,
    /// The status at the time of the call.
    pub status: PollStatus,
    /// The counts.
    pub view: TallyView,
    /// The number of viewers on all instances, up to 5 s old, or 6 s in a list. 0 if this
    /// instance has no viewer of the poll.
    pub viewers: u32,
    /// Whether acknowledged votes may be missing from the counts.
    pub precision: Precision,
}

/// Whether counts contain every acknowledged vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// The counts contain every acknowledged vote.
    Exact,
    /// A queue may hold votes that are not counted yet.
    Provisional,
}

impl Precision {
    /// Returns the precision of counts: exact without a queue, or once the poll is sealed.
    #[must_use]
    pub const fn new(uses_queue: bool, is_sealed: bool) -> Self {
        if uses_queue && !is_sealed {
            Self::Provisional
        } else {
            Self::Exact
        }
    }
}

impl PollSnapshot {
    /// Returns true if the poll takes no votes any more, and queued ones are still being
    /// counted.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.status == PollStatus::Closed && self.precision == Precision::Provisional
    }
}
