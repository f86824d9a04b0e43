//! The naive flow, as one would write it first: every vote is a transaction of its own that inserts the vote, adds one to
//! the option and adds one to the poll. It is written as well as that can be: a pool as large as the store's, prepared
//! statements, one order of locks for all, no index or foreign key more than it takes, and what is answered is read after
//! the locks are gone.
//!
//! With a Redis it is the source designs' flow: before the transaction a look whether the voter is in a set, after it the voter
//! is put there, two counters are raised, and the new count is published, each on its own.

mod flow;
mod mysql;
mod postgres;
mod redis;
mod routes;

use std::time::Duration;

use anyhow::{Result, ensure};
use url::Url;
use uuid::Uuid;

use crate::kind::Kind;
use crate::listen;
use flow::Flow;
use mysql::MySqlFlow;
use postgres::PostgresFlow;
use redis::Beside;
use routes::routes;

/// How long a vote may wait for one of them: long, for many wait.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the URL of the database stands; arguments are for everybody's eyes.
pub(crate) const URL: &str = "VOTIFY_BENCH_NAIVE_URL";

/// Where the URL of a Redis stands, for the source design.
pub(crate) const REDIS: &str = "VOTIFY_BENCH_NAIVE_REDIS";

/// Makes its tables in the database of [`URL`], and serves until the process is ended.
///
/// # Errors
/// If it cannot listen or use the database.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let url = Url::parse(&std::env::var(URL)?)?;
    match Kind::of(&url)? {
        Kind::Postgres => serve_on(PostgresFlow::open(url.as_str()).await?).await,
        Kind::MySql => serve_on(MySqlFlow::open(url.as_str()).await?).await,
    }
}

/// How many votes of a poll it has kept: as rows, and as both of its counters say too.
///
/// # Errors
/// If rows and counters differ.
pub(crate) async fn kept(kind: Kind, url: &str, poll: Uuid) -> Result<u64> {
    let kept = match kind {
        Kind::Postgres => PostgresFlow::open(url).await?.kept(poll).await?,
        Kind::MySql => MySqlFlow::open(url).await?.kept(poll).await?,
    };
    ensure!(
        kept.rows == kept.of_options && kept.rows == kept.total,
        "the naive flow has miscounted: {kept:?}"
    );
    Ok(u64::try_from(kept.rows)?)
}

async fn serve_on(flow: impl Flow) -> Result<()> {
    flow.make_tables().await?;
    let beside = match std::env::var(REDIS) {
        Ok(url) => Some(Beside::open(&url).await?),
        Err(_) => None,
    };
    listen::serve(routes(flow, beside)).await
}
