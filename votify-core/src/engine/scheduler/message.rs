use std::sync::Arc;

use crate::engine::loaded_poll::LoadedPoll;
use crate::id::PollId;
use crate::poll::Poll;
use crate::time::Timestamp;

/// A change that concerns the scheduler's timers or announcements.
#[derive(Debug)]
pub(in crate::engine) enum SchedulerMessage {
    /// A poll was created or changed through this engine.
    Scheduled(Arc<Poll>),
    /// A poll was sealed because it was read past its closing time.
    Sealed(LoadedPoll),
    /// A read tried to seal a poll at this time, and the outcome is unknown.
    Unconfirmed(PollId, Timestamp),
}
