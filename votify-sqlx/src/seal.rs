//! Seals polls in batches: one transaction for up to 500 polls. Polls that other
//! transactions have locked, or of which one fails the batch, are sealed each by itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::stream::{self, StreamExt};
use tokio::time::timeout_at;
use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{PollId, StoreError, Timestamp};

use crate::backend::{Backend, Call, Transaction, TransactionMode};
use crate::batch_writes::expect_rows;
use crate::error::Error;
use crate::retry::{deadline, retry_transient};
use crate::row_set::poll_rows;
use crate::statement::Statement;
use crate::store::store_error;
use crate::{decode, definition};

/// The number of polls in one transaction, which locks all of them.
const MAX_POLLS: usize = 500;
/// The number of polls that are sealed at the same time, each by itself: half of a pool.
const MAX_CONCURRENT: usize = 4;

type Outcome = Result<SealOutcome, Error>;

/// Seals polls and returns the outcome of each.
pub(crate) async fn seal<B: Backend>(
    backend: &B,
    ids: &[PollId],
    cause: SealCause,
    now: Timestamp,
) -> Vec<Result<SealOutcome, StoreError>> {
    // In ascending order, in which polls are locked, and without duplicates.
    let unique: Vec<PollId> = ids
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut outcomes = HashMap::new();
    for batch in unique.chunks(MAX_POLLS) {
        if batch.len() == 1 {
            outcomes.extend(seal_each(backend, batch.to_vec(), cause, now).await);
            continue;
        }
        let lock = Statement::TryLockPolls;
        let sealed = retry_transient(|| seal_batch(backend, lock, batch, cause, now)).await;
        let left = match sealed {
            Ok(sealed) => {
                outcomes.extend(sealed.outcomes);
                sealed.locked
            }
            // One poll may have failed the others.
            Err(error) if may_concern_one_poll::<B>(&error) => batch.to_vec(),
            Err(error) => {
                let error = store_error::<B>(error);
                outcomes.extend(batch.iter().map(|id| (*id, Err(error.clone()))));
                continue;
            }
        };
        outcomes.extend(seal_each(backend, left, cause, now).await);
    }
    ids.iter()
        .map(|id| {
            let outcome = outcomes.get(id).cloned();
            outcome.unwrap_or(Err(StoreError::PollNotFound(*id)))
        })
        .collect()
}

/// Returns true if the other polls of a batch may be sealed after this error. In a
/// conflict another transaction has locked rows of a poll, or the whole database.
const fn may_concern_one_poll<B: Backend>(error: &Error) -> bool {
    let is_conflict = matches!(error, Error::Conflict(_));
    error.may_concern_one_poll() || (is_conflict && !B::LOCKS_DATABASE)
}

/// Seals polls, each in a transaction of its own. Waits for their locks, at most until the
/// deadline of retries.
async fn seal_each<B: Backend>(
    backend: &B,
    ids: Vec<PollId>,
    cause: SealCause,
    now: Timestamp,
) -> Vec<(PollId, Result<SealOutcome, StoreError>)> {
    let deadline = deadline();
    let seals = ids.into_iter().map(|id| async move {
        let lock = Statement::LockPolls;
        let ids = [id];
        let seal = retry_transient(|| seal_batch(backend, lock, &ids, cause, now));
        let outcome = match timeout_at(deadline, seal).await {
            Ok(Ok(mut sealed)) => {
                let outcome = sealed.outcomes.remove(&id);
                outcome.unwrap_or(Err(StoreError::PollNotFound(id)))
            }
            Ok(Err(error)) => Err(store_error::<B>(error)),
            Err(_) => Err(store_error::<B>(Error::SealTimedOut(id))),
        };
        (id, outcome)
    });
    let seals = stream::iter(seals).buffer_unordered(MAX_CONCURRENT);
    seals.collect().await
}

/// The result of one transaction.
struct Sealed {
    outcomes: HashMap<PollId, Result<SealOutcome, StoreError>>,
    /// The polls that other transactions had locked.
    locked: Vec<PollId>,
}

/// Seals polls in one transaction. An error of the result concerns all of them.
async fn seal_batch<B: Backend>(
    backend: &B,
    lock: Statement,
    ids: &[PollId],
    cause: SealCause,
    now: Timestamp,
) -> Result<Sealed, Error> {
    let calls = vec![
        Call::Rows(lock, poll_rows(ids)),
        Call::Rows(Statement::ReadPolls, poll_rows(ids)),
    ];
    let (mut transaction, replies) = backend.begin(TransactionMode::Write, calls).await?;
    let result = async {
        let mut replies = replies.into_iter().map(|reply| reply.rows);
        let own = replies.next().unwrap_or_default();
        let own = own.iter().map(|row| decode::poll_id(row, 0));
        let own = own.collect::<Result<HashSet<_>, _>>()?;
        let rows = replies.next().unwrap_or_default();
        let mut outcomes = HashMap::with_capacity(ids.len());
        let mut locked = Vec::new();
        let mut sealed = Vec::new();
        for (id, state) in decode::polls(&rows)? {
            if !own.contains(&id) {
                locked.push(id);
                continue;
            }
            let outcome: Outcome = state.map(|state| match state.seal(cause, now) {
                Some(changed) => {
                    let tally = changed.tally.clone();
                    sealed.push(changed);
                    SealOutcome::Sealed(tally)
                }
                None if state.poll.is_sealed() => SealOutcome::Sealed(state.tally),
                None => SealOutcome::NotDue,
            });
            outcomes.insert(id, outcome.map_err(store_error::<B>));
        }
        if !sealed.is_empty() {
            let rows = definition::seal_rows(&sealed)?;
            let call = Call::Rows(Statement::SealPolls, rows);
            let written = transaction.run_one(call).await?;
            expect_rows(Statement::SealPolls, sealed.len(), written.affected)?;
        }
        Ok((Sealed { outcomes, locked }, !sealed.is_empty()))
    };
    let result = result.await;
    transaction.finish(result).await
}
