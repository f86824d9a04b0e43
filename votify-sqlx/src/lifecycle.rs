//! How polls come, change and go, the same on every database: each in one transaction, under the poll's lock.

use votify_core::poll::{PollState, SealCause};
use votify_core::store::{ChangeOutcome, SealOutcome};
use votify_core::{PollChange, PollId, Tally, Timestamp};

use crate::dialect::{Dialect, Work, give_up};
use crate::error::Error;
use crate::{definition, retry};

pub(crate) async fn create<D: Dialect>(dialect: &D, state: &PollState) -> Result<(), Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = definition::insert(&mut work, state).await;
        end(work, result.map(|()| ((), true))).await
    })
    .await
}

pub(crate) async fn change<D: Dialect>(
    dialect: &D,
    id: PollId,
    change: &PollChange,
    now: Timestamp,
) -> Result<ChangeOutcome, Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = change_within(&mut work, id, change, now).await;
        end(work, result).await
    })
    .await
}

async fn change_within<W: Work>(
    work: &mut W,
    id: PollId,
    change: &PollChange,
    now: Timestamp,
) -> Result<(ChangeOutcome, bool), Error> {
    let state = lock(work, id).await?;
    Ok(match state.apply_change(change, now) {
        Err(refusal) => (ChangeOutcome::Refused(refusal), false),
        Ok(None) => (ChangeOutcome::Unchanged(Box::new(state)), false),
        Ok(Some(changed)) => {
            definition::replace(work, &changed).await?;
            (ChangeOutcome::Changed(Box::new(changed)), true)
        }
    })
}

pub(crate) async fn seal<D: Dialect>(
    dialect: &D,
    id: PollId,
    cause: SealCause,
    now: Timestamp,
) -> Result<SealOutcome, Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = seal_within(&mut work, id, cause, now).await;
        end(work, result).await
    })
    .await
}

async fn seal_within<W: Work>(
    work: &mut W,
    id: PollId,
    cause: SealCause,
    now: Timestamp,
) -> Result<(SealOutcome, bool), Error> {
    let state = lock(work, id).await?;
    if let Some(sealed) = state.seal(cause, now) {
        definition::replace(work, &sealed).await?;
        return Ok((SealOutcome::Sealed(sealed.tally), true));
    }
    let sealing = if state.poll.is_sealed() {
        SealOutcome::Sealed(state.tally)
    } else {
        SealOutcome::NotDue
    };
    Ok((sealing, false))
}

pub(crate) async fn repair<D: Dialect>(dialect: &D, id: PollId) -> Result<Tally, Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = repair_within(&mut work, id).await;
        end(work, result).await
    })
    .await
}

async fn repair_within<W: Work>(work: &mut W, id: PollId) -> Result<(Tally, bool), Error> {
    let state = lock(work, id).await?;
    let choices = work.choices(id).await?;
    let repaired = state.recount_by_choice(choices.iter().map(|(choice, n)| (choice, *n)));
    definition::replace(work, &repaired).await?;
    Ok((repaired.tally, true))
}

pub(crate) async fn delete<D: Dialect>(dialect: &D, id: PollId) -> Result<(), Error> {
    retry::on_conflict(async || {
        let mut work = dialect.begin().await?;
        let result = match work.delete_poll(id).await {
            Ok(true) => Ok(((), true)),
            Ok(false) => Err(Error::PollNotFound(id)),
            Err(error) => Err(error),
        };
        end(work, result).await
    })
    .await
}

pub(crate) async fn lock<W: Work>(work: &mut W, id: PollId) -> Result<PollState, Error> {
    let locked = work.lock_polls(&[id]).await?;
    let (_, state) = locked.into_iter().next().ok_or(Error::PollNotFound(id))?;
    state
}

/// Commits if all went well and something was written, else rolls back.
pub(crate) async fn end<W: Work, T>(work: W, result: Result<(T, bool), Error>) -> Result<T, Error> {
    match result {
        Ok((value, true)) => work.commit().await.map(|()| value),
        Ok((value, false)) => {
            work.rollback().await;
            Ok(value)
        }
        Err(error) => {
            give_up(work, &error).await;
            Err(error)
        }
    }
}
