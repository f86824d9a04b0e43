use std::sync::Arc;

use tokio::sync::oneshot;

use super::shared_tally::SharedTally;
use crate::ballot::Outcome;
use crate::engine::EngineError;
use crate::store::StoreError;

pub(super) type Reply = Result<CastResult, StoreError>;

/// The outcome of a ballot, and the tally of the same transaction if the poll exists.
#[derive(Debug)]
pub(in crate::engine) struct CastResult {
    pub(in crate::engine) outcome: Outcome,
    pub(in crate::engine) tally: Option<Arc<SharedTally>>,
}

/// A receiver for the reply to a queued ballot. Dropping this does not cancel the ballot.
#[derive(Debug)]
pub(in crate::engine) struct PendingReply(oneshot::Receiver<Reply>);

impl PendingReply {
    pub(super) const fn new(reply: oneshot::Receiver<Reply>) -> Self {
        Self(reply)
    }

    /// Waits until the ballot's batch is written.
    pub(in crate::engine) async fn result(self) -> Result<CastResult, EngineError> {
        // A writer replies to every ballot that it reads from the queue. Ballots that
        // were left in the queue of an ended writer were not written.
        let reply = self.0.await.map_err(|_| EngineError::ShuttingDown)?;
        Ok(reply?)
    }
}
