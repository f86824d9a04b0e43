//! Creating, changing and deleting polls. Each step writes only if the poll is unchanged.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use redis::Value;
use votify_core::poll::{PollState, SealCause};
use votify_core::store::SealOutcome;
use votify_core::{Poll, PollId, StoreError, Timestamp};

use super::cas::{CasAttempt, with_timeout};
use super::error::{Corrupt, Error};
use super::keys::Keys;
use super::listing::{self, IndexIntents};
use super::poll_read::{CurrentPoll, PollRead};
use super::scripts::{CREATE, DELETE, READ, REPLACE};
use super::{RedisStore, join_codes, record};

/// Maximum polls of one call that are sealed at once. It bounds the calls that wait on
/// the connection.
const MAX_CONCURRENT_SEALS: usize = 64;

/// The effect of a call on a poll, and the call's result.
pub(super) struct Transition<T> {
    /// `None` leaves the poll unchanged.
    pub(super) new_state: Option<PollState>,
    pub(super) result: T,
}

impl<T> Transition<T> {
    /// Leaves the poll unchanged.
    pub(super) const fn unchanged(result: T) -> Self {
        Self {
            new_state: None,
            result,
        }
    }
}

/// Creates a poll that holds its join code.
pub(super) async fn create(store: &RedisStore, state: &PollState) -> Result<(), Error> {
    let poll = &state.poll;
    let Some(code) = poll.join_code else {
        return create_alone(store, state).await;
    };
    let (holder, is_new) = join_codes::reserve(store, poll, code).await?;
    match create_alone(store, state).await {
        Ok(()) => {}
        Err(Error::Exists(id)) => {
            let existing = current(store, id).await?;
            if existing.is_some_and(|existing| existing.poll.join_code == Some(code)) {
                // An earlier call may have been killed before it confirmed the code.
                join_codes::confirm(store, &holder).await?;
            } else if is_new {
                join_codes::release(store, &holder).await;
            }
            return Err(Error::Exists(id));
        }
        Err(error) => return Err(error),
    }
    if join_codes::confirm(store, &holder).await? {
        return Ok(());
    }
    match delete(store, poll.id).await {
        Ok(()) => Err(Error::JoinCodeTaken(code)),
        // Created, and deleted by another call meanwhile.
        Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn create_alone(store: &RedisStore, state: &PollState) -> Result<(), Error> {
    let keys = Keys::new(&store.redis, state.poll.id);
    let nonce = fastrand::u64(..).to_be_bytes();
    let (encoded, definition) = (
        record::encode(nonce, state),
        encode_definition(&state.poll)?,
    );
    let reply = CREATE
        .call(&store.redis, &[&keys.poll], &[&encoded, &definition])
        .await?;
    match reply {
        Value::Int(1) => Ok(()),
        // The driver resent the call after the first reply was lost.
        Value::BulkString(existing) if record::nonce(&existing) == Some(nonce) => Ok(()),
        Value::BulkString(_) => Err(Error::Exists(state.poll.id)),
        _ => Err(Corrupt::of(state.poll.id, "the reply of a script").into()),
    }
}

/// Returns a poll in the epoch of the server's run, and writes that epoch if it is new.
pub(super) async fn current(store: &RedisStore, id: PollId) -> Result<Option<PollState>, Error> {
    let Some(current) = read(store, id).await?.current()? else {
        return Ok(None);
    };
    if !current.epoch_raised {
        return Ok(Some(current.stored.state));
    }
    let raised = transform(store, id, |state| Transition::unchanged(state.clone()));
    match raised.await {
        Ok(state) => Ok(Some(state)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Applies `transition` to a poll, again after each conflict.
pub(super) async fn transform<T: Send>(
    store: &RedisStore,
    id: PollId,
    transition: impl Fn(&PollState) -> Transition<T> + Send + Sync,
) -> Result<T, Error> {
    with_timeout(async {
        let _lock = store.locks.lock(id).await;
        let mut attempt = CasAttempt::new(store, id, Vec::new());
        let mut read = attempt.read().await?;
        loop {
            let current = read.current()?.ok_or(Error::NotFound(id))?;
            let Transition { new_state, result } = transition(&current.stored.state);
            if new_state.is_none() && !current.epoch_raised {
                attempt.release().await;
                return Ok(result);
            }
            let new_state = new_state.as_ref().unwrap_or(&current.stored.state);
            match replace(&mut attempt, &read.run, &current, new_state).await? {
                None => return Ok(result),
                Some(newer_read) => read = newer_read,
            }
        }
    })
    .await
}

/// Seals polls, each by one script, and updates the listings afterwards.
pub(super) async fn seal(
    store: &RedisStore,
    ids: &[PollId],
    cause: SealCause,
    now: Timestamp,
) -> Vec<Result<SealOutcome, StoreError>> {
    let intents = with_timeout(IndexIntents::write(&store.redis, ids)).await;
    let mut intents = match intents {
        Ok(intents) => intents,
        Err(error) => {
            let error = error.into_store_error();
            return ids.iter().map(|_| Err(error.clone())).collect();
        }
    };
    let transition = |state: &PollState| match state.seal(cause, now) {
        Some(sealed) => Transition {
            result: SealOutcome::Sealed(sealed.tally.clone()),
            new_state: Some(sealed),
        },
        None if state.poll.is_sealed() => {
            Transition::unchanged(SealOutcome::Sealed(state.tally.clone()))
        }
        None => Transition::unchanged(SealOutcome::NotDue),
    };
    let seals = ids.iter().map(|id| transform(store, *id, transition));
    // Collected first: the stream would otherwise borrow the closure.
    let seals: Vec<_> = seals.collect();
    let outcomes = stream::iter(seals)
        .buffered(MAX_CONCURRENT_SEALS)
        .map(|outcome| outcome.map_err(Error::into_store_error));
    let outcomes: Vec<Result<SealOutcome, StoreError>> = outcomes.collect().await;
    // After a transient error, the seal may still happen. The intent stays, and the next
    // call that lists polls handles it.
    let uncertain: HashSet<PollId> = ids
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.as_ref().is_err_and(StoreError::is_transient))
        .map(|(id, _)| *id)
        .collect();
    intents.retain(|id| !uncertain.contains(&id));
    listing::reindex_after(store, intents).await;
    outcomes
}

/// Writes a new state if the poll is unchanged, and returns the current poll otherwise.
pub(super) async fn replace(
    attempt: &mut CasAttempt<'_>,
    run: &[u8],
    current: &CurrentPoll,
    state: &PollState,
) -> Result<Option<PollRead>, Error> {
    let definition = if state.poll == current.stored.state.poll {
        Vec::new()
    } else {
        encode_definition(&state.poll)?
    };
    let encoded = record::encode_by(run, current.stored.nonce, state);
    let keys = [attempt.keys.poll.clone(), attempt.keys.reservation.clone()];
    let arguments = [run, &current.encoded, &encoded, &definition];
    attempt.write(&REPLACE, &keys, &arguments).await
}

/// Deletes a poll, and frees its join code.
pub(super) async fn delete(store: &RedisStore, id: PollId) -> Result<(), Error> {
    delete_if(store, id, |_| true).await.map(drop)
}

/// Deletes a poll that never had a ballot, and frees its join code. Returns false, and
/// changes nothing, if the poll had one.
pub(super) async fn delete_unused(store: &RedisStore, id: PollId) -> Result<bool, Error> {
    delete_if(store, id, |state| !state.tally.ever_had_ballots()).await
}

/// Deletes a poll if `may_delete` returns true for the state that the deletion finds, and
/// returns what it returned.
async fn delete_if(
    store: &RedisStore,
    id: PollId,
    may_delete: impl Fn(&PollState) -> bool + Send + Sync,
) -> Result<bool, Error> {
    with_timeout(async {
        let _lock = store.locks.lock(id).await;
        let mut attempt = CasAttempt::new(store, id, Vec::new());
        let mut read = attempt.read().await?;
        let code = read
            .current()?
            .and_then(|poll| poll.stored.state.poll.join_code);
        let holder = match code {
            Some(code) => join_codes::holder(store, code).await?,
            None => None,
        };
        loop {
            let current = read.current()?.ok_or(Error::NotFound(id))?;
            if !may_delete(&current.stored.state) {
                attempt.release().await;
                return Ok(false);
            }
            let revision = current.stored.state.tally.position.revision;
            let keys = attempt.keys.all(revision);
            let arguments = [&*read.run, &current.encoded];
            match attempt.write(&DELETE, &keys, &arguments).await? {
                None => {
                    if let Some(holder) = holder.filter(|holder| holder.is(id)) {
                        join_codes::release(store, &holder).await;
                    }
                    return Ok(true);
                }
                Some(newer_read) => read = newer_read,
            }
        }
    })
    .await
}

async fn read(store: &RedisStore, id: PollId) -> Result<PollRead, Error> {
    let keys = Keys::new(&store.redis, id);
    let reply = READ
        .call(&store.redis, &keys.to_read(), &[b"", b"", b"16"])
        .await?;
    PollRead::parse(id, reply)
}

fn encode_definition(poll: &Poll) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(poll).map_err(|error| Error::Encode(error.to_string()))
}
