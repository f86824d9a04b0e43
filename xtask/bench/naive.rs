//! The naive server: every vote is one transaction that inserts the vote, adds one to the
//! option and adds one to the poll. It is otherwise well written: a pool of the store's
//! size, prepared statements, one lock order for all votes, no unnecessary index or
//! foreign key, and the answer is read after the locks are released.
//!
//! With a Redis it is the source design: before the transaction it checks whether the
//! voter is in a set. After the transaction it adds the voter to the set, increments two
//! counters and publishes the new count, each in one round trip.

mod mysql;
mod postgres;
mod redis_mirror;
mod routes;
mod store;

use std::time::Duration;

use anyhow::{Result, ensure};
use url::Url;
use uuid::Uuid;

use crate::database::DatabaseKind;
use crate::listen;
use mysql::MySqlNaiveStore;
use postgres::PostgresNaiveStore;
use redis_mirror::RedisMirror;
use routes::routes;
use store::NaiveStore;

/// Maximum wait for a pooled connection. Long, because 256 votes wait for 8 or 10
/// connections.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);

/// Environment variable with the URL of the database. Not an argument, because arguments
/// are visible to all users.
pub(crate) const URL: &str = "VOTIFY_BENCH_NAIVE_URL";

/// Environment variable with the URL of a Redis, for the source design.
pub(crate) const REDIS: &str = "VOTIFY_BENCH_NAIVE_REDIS";

/// Creates the tables in the database of [`URL`] and serves until the process is killed.
///
/// # Errors
/// If the socket cannot listen, or the database cannot be used.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let url = Url::parse(&std::env::var(URL)?)?;
    match DatabaseKind::from_url(&url)? {
        DatabaseKind::Postgres => serve_on(PostgresNaiveStore::open(url.as_str()).await?).await,
        DatabaseKind::MySql => serve_on(MySqlNaiveStore::open(url.as_str()).await?).await,
    }
}

/// Returns the stored votes of a poll.
///
/// # Errors
/// If the rows and the two counters differ.
pub(crate) async fn stored_votes(kind: DatabaseKind, url: &str, poll: Uuid) -> Result<u64> {
    let stored = match kind {
        DatabaseKind::Postgres => PostgresNaiveStore::open(url).await?.stored(poll).await?,
        DatabaseKind::MySql => MySqlNaiveStore::open(url).await?.stored(poll).await?,
    };
    ensure!(
        stored.rows == stored.of_options && stored.rows == stored.total,
        "the naive server miscounted: {stored:?}"
    );
    Ok(u64::try_from(stored.rows)?)
}

async fn serve_on(store: impl NaiveStore) -> Result<()> {
    store.create_tables().await?;
    let mirror = match std::env::var(REDIS) {
        Ok(url) => Some(RedisMirror::open(&url).await?),
        Err(_) => None,
    };
    listen::serve(routes(store, mirror)).await
}
