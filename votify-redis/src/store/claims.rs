//! The sessions that accounts claimed, one set per account.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use redis::{Value, cmd};
use votify_core::OwnerId;
use votify_core::store::MAX_CLAIMS;

use super::RedisStore;
use super::cas::with_timeout;
use super::error::{Corrupt, Error};
use super::keys::claims_key;
use super::scripts::CLAIM;

/// Maximum accounts read at once. It bounds the calls that wait on the connection.
const MAX_CONCURRENT_ACCOUNTS: usize = 64;

/// Records a claim. Returns false if the account has the maximum already.
pub(super) async fn claim(
    store: &RedisStore,
    account: OwnerId,
    session: OwnerId,
) -> Result<bool, Error> {
    let key = claims_key(&store.redis, account);
    let max = MAX_CLAIMS.to_string();
    let arguments = [session.as_bytes().as_slice(), max.as_bytes()];
    let claim = async { Ok(CLAIM.call(&store.redis, &[key], &arguments).await?) };
    match with_timeout(claim).await? {
        Value::Int(claimed) => Ok(claimed == 1),
        _ => Err(Corrupt::of_claims().into()),
    }
}

/// Returns the sessions that any of the accounts claimed.
pub(super) async fn claimed(
    store: &RedisStore,
    accounts: &[OwnerId],
) -> Result<Vec<OwnerId>, Error> {
    let read = |account: OwnerId| async move {
        let mut read = cmd("SMEMBERS");
        read.arg(claims_key(&store.redis, account));
        Ok::<Vec<Vec<u8>>, Error>(store.redis.run(&read).await?)
    };
    let reads: Vec<_> = accounts.iter().map(|account| read(*account)).collect();
    let reads = stream::iter(reads).buffer_unordered(MAX_CONCURRENT_ACCOUNTS);
    let sets: Vec<Vec<Vec<u8>>> = with_timeout(reads.try_collect()).await?;
    let sessions = sets.into_iter().flatten().map(|session| {
        let session = session.try_into().ok()?;
        Some(OwnerId::from_bytes(session))
    });
    let sessions = sessions.collect::<Option<HashSet<OwnerId>>>();
    Ok(sessions
        .ok_or_else(Corrupt::of_claims)?
        .into_iter()
        .collect())
}
