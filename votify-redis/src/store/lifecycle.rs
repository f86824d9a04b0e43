//! How polls come, change and go: each step written only if the poll is still as it was read.

use redis::Value;
use votify_core::poll::PollState;
use votify_core::{Poll, PollId};

use super::cas::Race;
use super::error::{Damaged, Fault};
use super::keys::Keys;
use super::patience::in_time;
use super::poll_read::{Current, Seen};
use super::scripts::{CREATE, DELETE, READ, REPLACE};
use super::{RedisStore, record};

/// What becomes of a poll, and what is answered.
pub(super) struct Next<T> {
    /// `None` if it stays as it is.
    pub(super) state: Option<PollState>,
    pub(super) answer: T,
}

impl<T> Next<T> {
    pub(super) const fn stays(answer: T) -> Self {
        Self {
            state: None,
            answer,
        }
    }
}

pub(super) async fn create(store: &RedisStore, state: &PollState) -> Result<(), Fault> {
    let keys = Keys::new(&store.redis, state.poll.id);
    let nonce = fastrand::u64(..).to_be_bytes();
    let (kept, definition) = (
        record::encode(nonce, state),
        encode_definition(&state.poll)?,
    );
    let answer = CREATE
        .call(&store.redis, &[&keys.poll], &[&kept, &definition])
        .await?;
    match answer {
        Value::Int(1) => Ok(()),
        // The call was sent twice, because the answer to the first one was lost.
        Value::BulkString(there) if record::nonce(&there) == Some(nonce) => Ok(()),
        Value::BulkString(_) => Err(Fault::Exists(state.poll.id)),
        _ => Err(Damaged::of(state.poll.id, "the answer of a script").into()),
    }
}

/// A poll as it is now, in the epoch of the server's run.
pub(super) async fn current(store: &RedisStore, id: PollId) -> Result<Option<PollState>, Fault> {
    let Some(current) = look(store, id).await?.current()? else {
        return Ok(None);
    };
    if !current.raised {
        return Ok(Some(current.kept.state));
    }
    let raised = transform(store, id, |state| Next {
        state: None,
        answer: state.clone(),
    });
    match raised.await {
        Ok(state) => Ok(Some(state)),
        Err(Fault::NotFound(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Has `next` say what becomes of a poll, as often as it takes until nothing moved meanwhile.
pub(super) async fn transform<T: Send>(
    store: &RedisStore,
    id: PollId,
    next: impl Fn(&PollState) -> Next<T> + Send + Sync,
) -> Result<T, Fault> {
    in_time(async {
        let _turn = store.turns.take(id).await;
        let mut race = Race::new(store, id, Vec::new());
        let mut seen = race.enter().await?;
        loop {
            let current = seen.current()?.ok_or(Fault::NotFound(id))?;
            let Next { state, answer } = next(&current.kept.state);
            if state.is_none() && !current.raised {
                race.leave().await;
                return Ok(answer);
            }
            let state = state.as_ref().unwrap_or(&current.kept.state);
            match replace(&mut race, &seen.run, &current, state).await? {
                None => return Ok(answer),
                Some(anew) => seen = anew,
            }
        }
    })
    .await
}

/// How the poll is now, if it was not written because it has moved.
pub(super) async fn replace(
    race: &mut Race<'_>,
    run: &[u8],
    current: &Current,
    state: &PollState,
) -> Result<Option<Seen>, Fault> {
    let definition = if state.poll == current.kept.state.poll {
        Vec::new()
    } else {
        encode_definition(&state.poll)?
    };
    let new = record::encode_by(run, current.kept.nonce, state);
    let keys = [race.keys.poll.clone(), race.keys.turn.clone()];
    race.write(&REPLACE, &keys, &[run, &current.read, &new, &definition])
        .await
}

pub(super) async fn delete(store: &RedisStore, id: PollId) -> Result<(), Fault> {
    in_time(async {
        let _turn = store.turns.take(id).await;
        let mut race = Race::new(store, id, Vec::new());
        let mut seen = race.enter().await?;
        loop {
            let current = seen.current()?.ok_or(Fault::NotFound(id))?;
            let keys = race.keys.all(current.kept.state.tally.position.revision);
            let arguments = [&*seen.run, &current.read];
            match race.write(&DELETE, &keys, &arguments).await? {
                None => return Ok(()),
                Some(anew) => seen = anew,
            }
        }
    })
    .await
}

async fn look(store: &RedisStore, id: PollId) -> Result<Seen, Fault> {
    let keys = Keys::new(&store.redis, id);
    let answer = READ
        .call(&store.redis, &keys.to_read(), &[b"", b"", b"16"])
        .await?;
    Seen::read(id, answer)
}

fn encode_definition(poll: &Poll) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(poll).map_err(|error| Fault::Unwritable(error.to_string()))
}
