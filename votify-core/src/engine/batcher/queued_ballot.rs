use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::shared_tally::SharedTally;
use crate::ballot::{Ballot, Outcome};
use crate::engine::EngineError;
use crate::engine::cache::CachedDefinition;
use crate::store::StoreError;

/// A ballot in the queue.
#[derive(Debug)]
pub(super) struct QueuedBallot {
    pub(super) ballot: Ballot,
    /// The definition that the ballot was checked against.
    pub(super) definition: Arc<CachedDefinition>,
    pub(super) queued_at: Instant,
    pub(super) reply: oneshot::Sender<Reply>,
}

pub(super) type Reply = Result<CastResult, StoreError>;

/// The outcome of a ballot, and the tally of the same transaction if the poll exists.
#[derive(Debug)]
pub(in crate::engine) struct CastResult {
    pub(in crate::engine) outcome: Outcome,
    pub(in crate::engine) tally: Option<Arc<SharedTally>>,
}

/// A queued ballot's reply. Dropping this does not cancel the ballot.
#[derive(Debug)]
pub(in crate::engine) struct PendingVote(oneshot::Receiver<Reply>);

impl PendingVote {
    pub(super) const fn new(reply: oneshot::Receiver<Reply>) -> Self {
        Self(reply)
    }

    /// Waits until the ballot's batch is written.
    pub(in crate::engine) async fn result(self) -> Result<CastResult, EngineError> {
        // A writer replies to every ballot that it reads from the queue. Ballots that were
        // left in the queue of an ended writer were not written.
        let reply = self.0.await.map_err(|_| EngineError::ShuttingDown)?;
        Ok(reply?)
    }
}
