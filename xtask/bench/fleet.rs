//! Several instances on one PostgreSQL and one Redis.

use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio::time::sleep;

use crate::constant_rate::{Change, ConstantRate};
use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::http::Connection;
use crate::live::stream_of;
use crate::load::{self, per_second};
use crate::measurement::{ensure_all_stored, milliseconds};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::scratch_database::ScratchDatabase;
use crate::scratch_redis::{self, publish_count};
use crate::server::Server;
use crate::watch::{Transport, ViewerPool};

const INSTANCES: usize = 3;
const VIEWERS: usize = 300;
const VOTES: u32 = 300;
const VOTE_INTERVAL: Duration = Duration::from_millis(33);
const CONNECTIONS: usize = 128;
const TIME: Duration = Duration::from_secs(3);
const RUNS: usize = 3;

struct Run {
    /// Delivery latency at the other instances, in milliseconds.
    p50: f64,
    p99: f64,
    votes_per_second: f64,
    publishes_per_second: f64,
}

/// # Errors
/// If a vote is rejected or lost, or a viewer misses the last one.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let kind = DatabaseKind::Postgres;
    let (database, runs) = ScratchDatabase::with(kind, async |database| {
        let redis = scratch_redis::server_url()?;
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let fleet = Server::fleet(INSTANCES, database.url(), &redis, program, scratch)?;
            let addresses: Vec<_> = fleet.iter().map(|server| server.address).collect();
            runs.push(run(&addresses).await?);
        }
        Ok((database.describe().await?, runs))
    })
    .await?;
    Ok(Figure {
        name: "fleet",
        about: about(&database),
        rows: rows(&runs),
    })
}

async fn run(addresses: &[SocketAddr]) -> Result<Run> {
    let (&first, others) = addresses.split_first().context("no instance")?;
    let (p50, p99) = measure_latency(first, others).await?;
    let hot = Poll::create(first).await?;
    let _viewers = connect(&hot, addresses, 30).await?;
    let (before, start) = (publish_count().await?, Instant::now());
    let loads = addresses
        .iter()
        .map(|address| load::vote(*address, slice::from_ref(&hot), CONNECTIONS, TIME));
    let results = try_join_all(loads).await?;
    let (publishes, time) = (publish_count().await? - before, start.elapsed());
    let votes: u64 = results.iter().map(|result| result.votes).sum();
    let stored = hot.total_votes(&mut Connection::open(first).await?).await?;
    ensure_all_stored(votes, stored)?;
    let instances = f64::from(u32::try_from(addresses.len())?);
    Ok(Run {
        p50,
        p99,
        votes_per_second: per_second(votes, time)?,
        publishes_per_second: f64::from(publishes) / time.as_secs_f64() / instances,
    })
}

/// Returns the median and the 99th percentile of the delivery latency, in milliseconds.
async fn measure_latency(voting: SocketAddr, watching: &[SocketAddr]) -> Result<(f64, f64)> {
    let poll = Poll::create(voting).await?;
    let vote = Change::vote_in(&poll)?;
    // Warm-up: the first viewer and the first vote allocate what later ones share.
    let mut first_viewers = connect(&poll, watching, 2).await?;
    let sent = ConstantRate::send(voting, &vote, VOTE_INTERVAL, 2).await?;
    first_viewers.delivery_latency(sent).await?;
    drop(first_viewers);
    let mut viewers = connect(&poll, watching, VIEWERS).await?;
    sleep(Duration::from_secs(1)).await;
    let sent = ConstantRate::send(voting, &vote, VOTE_INTERVAL, VOTES).await?;
    let times = viewers.delivery_latency(sent).await?;
    Ok((milliseconds(&times, 0.5)?, milliseconds(&times, 0.99)?))
}

async fn connect(poll: &Poll, addresses: &[SocketAddr], viewers: usize) -> Result<ViewerPool> {
    let addresses = addresses.iter();
    let endpoints: Vec<_> = addresses
        .map(|address| stream_of(poll, *address, Transport::WebSocket))
        .collect();
    ViewerPool::connect_logged(&endpoints, viewers).await
}

fn about(database: &str) -> String {
    format!(
        "{INSTANCES} processes of `votify serve` on one database, with `--broadcast` and `--cache` \
         on one Redis. {VIEWERS} viewers watch one poll over WebSocket at all instances but the \
         first. About {VOTES} votes are cast at the first instance, one every {}. The latency is the \
         time from the scheduled time of a vote until the last viewer has received it. Then \
         {CONNECTIONS} connections to each instance vote for {} in another poll, which has viewers \
         at all instances. The API's total must equal the answered votes. The database is \
         {database}.",
        duration(VOTE_INTERVAL),
        duration(TIME)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("vote to last viewer at other instances, p50", "ms", |run| {
            run.p50
        }),
        row("vote to last viewer at other instances, p99", "ms", |run| {
            run.p99
        })
        .target(Target::AtMost(150.0)),
        row("votes at all instances, one poll", "a second", |run| {
            run.votes_per_second
        }),
        row("publishes of each instance, one poll", "a second", |run| {
            run.publishes_per_second
        })
        .target(Target::AtMost(20.0)),
    ]
}
