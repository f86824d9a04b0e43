//! Join codes, each in a key of its own.
//!
//! On a cluster, a code and its poll may be on different servers, so no script can write
//! both. A new poll first reserves its code, then is created, and then confirms the
//! reservation.
//!
//! Another poll takes a code over if the holder does not exist or its code has expired.
//! The takeover fails if the reservation has changed since the holder was read. A
//! confirmation fails after a takeover. So two polls never both get the code.

use futures_util::FutureExt;
use redis::{Value, cmd};
use votify_core::{JoinCode, Poll, PollId, Timestamp};

use super::error::{Corrupt, Error};
use super::keys::join_code_key;
use super::poll_read::bytes;
use super::scripts::{JOIN_CODE_CONFIRM, JOIN_CODE_RELEASE, JOIN_CODE_RESERVE};
use super::{RedisStore, lifecycle};

/// Minimum age in milliseconds of an unconfirmed reservation that is taken over. It
/// exceeds the time of a call (4 s), so no call is still creating the poll.
const MIN_TAKEOVER_AGE_MS: i64 = 10_000;
/// Maximum attempts to reserve a code while other calls reserve it.
const MAX_ATTEMPTS: u32 = 4;

/// A poll that holds a join code.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    code: JoinCode,
    poll: PollId,
    /// Random bytes that distinguish this reservation from others.
    nonce: Vec<u8>,
}

impl Holder {
    /// Returns true if this is the poll with that id.
    pub(super) fn is(&self, id: PollId) -> bool {
        self.poll == id
    }
}

/// Reserves a code for a new poll. Returns the holder, and whether this call reserved it.
pub(super) async fn reserve(
    store: &RedisStore,
    poll: &Poll,
    code: JoinCode,
) -> Result<(Holder, bool), Error> {
    let key = join_code_key(&store.redis, code);
    let nonce = fastrand::u64(..).to_be_bytes().to_vec();
    let mut replaced = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        let arguments = [poll.id.as_bytes().as_slice(), &nonce, &replaced];
        let reply = JOIN_CODE_RESERVE
            .call(&store.redis, &[&key], &arguments)
            .await?;
        let (held, age_ms) = match reply {
            Value::Int(1) => {
                let holder = Holder {
                    code,
                    poll: poll.id,
                    nonce,
                };
                return Ok((holder, true));
            }
            Value::Array(held) => parse_holder(code, held)?,
            _ => return Err(Corrupt::of_join_code(code).into()),
        };
        if held.poll == poll.id {
            // An earlier call, whose reply may be lost, or a concurrent one.
            let is_new = held.nonce == nonce;
            return Ok((held, is_new));
        }
        let is_recent = (0..MIN_TAKEOVER_AGE_MS).contains(&age_ms);
        if is_recent || is_held(store, &held, poll.created_at).await? {
            break;
        }
        replaced = held.nonce;
    }
    Err(Error::JoinCodeTaken(code))
}

/// Confirms a reservation after its poll was created. Returns false if another poll took
/// the code over.
pub(super) async fn confirm(store: &RedisStore, holder: &Holder) -> Result<bool, Error> {
    let key = join_code_key(&store.redis, holder.code);
    let arguments = [holder.poll.as_bytes().as_slice(), &holder.nonce];
    let reply = JOIN_CODE_CONFIRM
        .call(&store.redis, &[key], &arguments)
        .await?;
    Ok(reply == Value::Int(1))
}

/// Frees a code whose poll was deleted or not created.
///
/// After a failure, another poll may still take the code over.
pub(super) async fn release(store: &RedisStore, holder: &Holder) {
    let key = join_code_key(&store.redis, holder.code);
    let arguments = [holder.poll.as_bytes().as_slice(), &holder.nonce];
    let released = JOIN_CODE_RELEASE
        .call(&store.redis, &[key], &arguments)
        .await;
    if let Err(error) = released {
        tracing::debug!(%error, "failed to free a join code; another poll may take it over");
    }
}

/// Returns the holder of a code, even if its poll does not exist.
pub(super) async fn holder(store: &RedisStore, code: JoinCode) -> Result<Option<Holder>, Error> {
    let mut read = cmd("HMGET");
    read.arg(join_code_key(&store.redis, code))
        .arg(&["poll", "nonce"]);
    let held: Vec<Value> = store.redis.run(&read).await?;
    if held.iter().all(|field| *field == Value::Nil) {
        return Ok(None);
    }
    let (holder, _) = parse_holder(code, held)?;
    Ok(Some(holder))
}

/// Returns the poll that has this code at `now`.
pub(super) async fn find(
    store: &RedisStore,
    code: JoinCode,
    now: Timestamp,
) -> Result<Option<PollId>, Error> {
    let Some(holder) = holder(store, code).await? else {
        return Ok(None);
    };
    let is_held = is_held(store, &holder, now).await?;
    Ok(is_held.then_some(holder.poll))
}

/// Returns true if the holder exists and has the code at `now`.
async fn is_held(store: &RedisStore, holder: &Holder, now: Timestamp) -> Result<bool, Error> {
    let state = lifecycle::current(store, holder.poll).boxed().await?;
    Ok(state.is_some_and(|state| {
        let poll = &state.poll;
        poll.join_code == Some(holder.code)
            && poll.join_code_expires_at().is_none_or(|end| now < end)
    }))
}

/// Parses poll, nonce, and the age of the reservation if there is one.
fn parse_holder(code: JoinCode, held: Vec<Value>) -> Result<(Holder, i64), Corrupt> {
    let mut fields = held.into_iter();
    let mut parse = || {
        let poll = <[u8; 16]>::try_from(bytes(fields.next()?)?).ok()?;
        let nonce = bytes(fields.next()?)?;
        let age_ms = match fields.next() {
            None => -1,
            Some(Value::Int(age_ms)) => age_ms,
            Some(_) => return None,
        };
        let poll = PollId::from_bytes(poll);
        Some((Holder { code, poll, nonce }, age_ms))
    };
    parse().ok_or_else(|| Corrupt::of_join_code(code))
}
