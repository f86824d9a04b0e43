//! Seals polls in batches: one transaction for up to 500 polls.

use std::collections::{BTreeSet, HashMap};

use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{PollId, StoreError, Timestamp};

use crate::backend::{Backend, Call, Transaction, TransactionMode};
use crate::batch_writes::expect_rows;
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_set::poll_rows;
use crate::statement::Statement;
use crate::store::store_error;
use crate::{decode, definition};

/// The number of polls in one transaction, which locks all of them.
const MAX_POLLS: usize = 500;

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
        let sealed = retry_transient(|| seal_batch(backend, batch, cause, now)).await;
        match sealed {
            Ok(sealed) => outcomes.extend(
                sealed
                    .into_iter()
                    .map(|(id, outcome)| (id, outcome.map_err(store_error::<B>))),
            ),
            // One poll may have failed the others.
            Err(error) if batch.len() > 1 && error.may_concern_one_poll() => {
                for id in batch {
                    let alone = std::slice::from_ref(id);
                    let sealed = retry_transient(|| seal_batch(backend, alone, cause, now)).await;
                    let outcome = sealed.and_then(|mut sealed| {
                        let outcome = sealed.remove(id);
                        outcome.unwrap_or(Err(Error::PollNotFound(*id)))
                    });
                    outcomes.insert(*id, outcome.map_err(store_error::<B>));
                }
            }
            Err(error) => {
                let error = store_error::<B>(error);
                outcomes.extend(batch.iter().map(|id| (*id, Err(error.clone()))));
            }
        }
    }
    ids.iter()
        .map(|id| {
            let outcome = outcomes.get(id).cloned();
            outcome.unwrap_or(Err(StoreError::PollNotFound(*id)))
        })
        .collect()
}

/// Seals polls in one transaction. An error of the result concerns all of them.
async fn seal_batch<B: Backend>(
    backend: &B,
    ids: &[PollId],
    cause: SealCause,
    now: Timestamp,
) -> Result<HashMap<PollId, Outcome>, Error> {
    let calls = vec![
        Call::Rows(Statement::LockPolls, poll_rows(ids)),
        Call::Rows(Statement::ReadPolls, poll_rows(ids)),
    ];
    let (mut transaction, replies) = backend.begin(TransactionMode::Write, calls).await?;
    let result = async {
        let rows = replies.into_iter().nth(1).unwrap_or_default().rows;
        let mut outcomes = HashMap::with_capacity(ids.len());
        let mut sealed = Vec::new();
        for (id, state) in decode::polls(&rows)? {
            let outcome = state.map(|state| match state.seal(cause, now) {
                Some(changed) => {
                    let tally = changed.tally.clone();
                    sealed.push(changed);
                    SealOutcome::Sealed(tally)
                }
                None if state.poll.is_sealed() => SealOutcome::Sealed(state.tally),
                None => SealOutcome::NotDue,
            });
            outcomes.insert(id, outcome);
        }
        if !sealed.is_empty() {
            let rows = definition::seal_rows(&sealed)?;
            let call = Call::Rows(Statement::SealPolls, rows);
            let written = transaction.run_one(call).await?;
            expect_rows(Statement::SealPolls, sealed.len(), written.affected)?;
        }
        Ok((outcomes, !sealed.is_empty()))
    };
    let result = result.await;
    transaction.finish(result).await
}
