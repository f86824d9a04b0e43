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
}
