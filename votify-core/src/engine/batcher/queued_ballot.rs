use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::ballot::{Ballot, Outcome};
use crate::engine::cache::CachedDefinition;
use crate::engine::shared_tally::SharedTally;
use crate::store::StoreError;

/// A ballot in the queue.
#[derive(Debug)]
pub(super) struct QueuedBallot {
    pub(super) ballot: Ballot,
    /// The definition that the ballot was checked against.
    pub(super) definition: Arc<CachedDefinition>,
    pub(super) queued_at: Instant,
    pub(super) reply: oneshot::Sender<Result<Reply, StoreError>>,
}

/// The outcome of a ballot, and the tally of the same transaction if the poll exists.
#[derive(Debug)]
pub(in crate::engine) struct Reply {
    pub(in crate::engine) outcome: Outcome,
    pub(in crate::engine) tally: Option<Arc<SharedTally>>,
}
