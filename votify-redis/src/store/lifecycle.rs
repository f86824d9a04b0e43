//! Creating, changing and deleting polls. Each step writes only if the poll is unchanged.

use redis::Value;
use votify_core::poll::PollState;
use votify_core::{Poll, PollId};

use super::cas::{CasAttempt, with_timeout};
use super::error::{Corrupt, Error};
use super::keys::Keys;
use super::poll_read::{CurrentPoll, PollRead};
use super::scripts::{CREATE, DELETE, READ, REPLACE};
use super::{RedisStore, record};

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

pub(super) async fn create(store: &RedisStore, state: &PollState) -> Result<(), Error> {
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

pub(super) async fn delete(store: &RedisStore, id: PollId) -> Result<(), Error> {
    with_timeout(async {
        let _lock = store.locks.lock(id).await;
        let mut attempt = CasAttempt::new(store, id, Vec::new());
        let mut read = attempt.read().await?;
        loop {
            let current = read.current()?.ok_or(Error::NotFound(id))?;
            let revision = current.stored.state.tally.position.revision;
            let keys = attempt.keys.all(revision);
            let arguments = [&*read.run, &current.encoded];
            match attempt.write(&DELETE, &keys, &arguments).await? {
                None => return Ok(()),
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
