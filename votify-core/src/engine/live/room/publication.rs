use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::live::drain::Drain;
use crate::engine::live::frame_set::FrameSet;
use crate::tally::Audience;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// The facts outside of the state that a publication depends on.
#[derive(Debug, Clone)]
pub(super) struct PublishInputs {
    pub(super) now: Instant,
    /// The time of the engine's clock, which decides the poll's status.
    pub(super) time: Timestamp,
    pub(super) local_viewers: u32,
    /// True if votes go through a queue.
    pub(super) uses_queue: bool,
    /// Set when the engine starts to disconnect all viewers.
    pub(super) drain: Option<Arc<Drain>>,
}

/// A publication.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) public: Arc<FrameSet>,
    /// The same as `public` if both audiences see the same counts.
    pub(super) voted: Arc<FrameSet>,
    /// The voters whose ballots or withdrawals the frames contain, each with the new
    /// audience.
    pub(super) audience_changes: HashMap<VoterId, Audience>,
    /// The number of the last reload request that the frames satisfy.
    pub(super) reload_completed: u64,
}
