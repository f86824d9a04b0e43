use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::pending_reply::Reply;
use crate::ballot::Ballot;
use crate::engine::cache::CachedDefinition;

/// A ballot in the queue.
#[derive(Debug)]
pub(super) struct QueuedBallot {
    pub(super) ballot: Ballot,
    /// The definition that the ballot was checked against.
    pub(super) definition: Arc<CachedDefinition>,
    pub(super) queued_at: Instant,
    pub(super) reply: oneshot::Sender<Reply>,
}
