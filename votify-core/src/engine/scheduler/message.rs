use std::sync::Arc;

use crate::id::PollId;
use crate::poll::Poll;

/// A change that concerns the scheduler's timers or announcements.
#[derive(Debug)]
pub(in crate::engine) enum SchedulerMessage {
    /// A poll was created or changed through this engine.
    Scheduled(Arc<Poll>),
    /// A poll was sealed because it was read past its closing time.
    Sealed(PollId),
}
