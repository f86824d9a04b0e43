use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use crate::ballot::{Ballot, BatchReceipt};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// Casts a batch. A panic of the store, and a call that takes too long, fail this batch
/// only.
pub(super) async fn cast_in_time(
    store: &dyn Store,
    ballots: &[Ballot],
    now: Timestamp,
    deadline: Instant,
) -> BatchReceipt {
    let cast = AssertUnwindSafe(store.cast_ballots(ballots, now)).catch_unwind();
    let backend = store.backend();
    // In each case the batch may have been committed, so the error is `Unavailable`.
    let error = match timeout_at(deadline, cast).await {
        Err(elapsed) => StoreError::unavailable(backend, elapsed),
        Ok(Ok(receipt)) if receipt.outcomes.len() == ballots.len() => return receipt,
        Ok(Ok(_)) => StoreError::unavailable(
            backend,
            "the store returned another number of outcomes than ballots",
        ),
        Ok(Err(_)) => StoreError::unavailable(backend, "the store panicked"),
    };
    BatchReceipt {
        outcomes: vec![Err(error); ballots.len()],
        tallies: Vec::new(),
    }
}
