use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use uuid::Uuid;
use votify_core::{Keyring, PollEngine};
use votify_redis::RedisStore;
use votify_redis::redis::AsyncCommands;
use votify_redis::redis::aio::MultiplexedConnection;

use crate::engine;
use crate::load::rate;
use crate::redis_server::RedisCorner;
use crate::report::{Figure, Row, Target};

/// Of each node.
const TASKS: u64 = 256;
const NODES: u64 = 3;
const RUNS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

/// Votes a second, one after the other on the same server.
struct Run {
    alone: f64,
    naive: f64,
    nodes: f64,
    naive_of_nodes: f64,
}

/// # Errors
/// If a vote is not counted, or the server does not answer.
#[tokio::main]
pub(crate) async fn measure() -> Result<Figure> {
    let corner = RedisCorner::make()?;
    let settings = corner.settings().await?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(Run {
            alone: votes_of(&corner, 1).await?,
            naive: naive(&corner, TASKS).await?,
            nodes: votes_of(&corner, NODES).await?,
            naive_of_nodes: naive(&corner, NODES * TASKS).await?,
        });
    }
    corner.remove().await?;
    Ok(Figure {
        name: "redis-store",
        about: about(&settings),
        rows: rows(&runs),
    })
}

fn about(settings: &str) -> String {
    format!(
        "{TASKS} tasks vote in one poll on a `RedisStore`, each its next vote as soon as the last was answered, each vote by \
         another voter, for {TIME:?} a run: through one `PollEngine`, and as many through each of {NODES} with connections of their \
         own, as on so many nodes; a recount must find what was answered. The naive sequence is five ways to the server, one after \
         the other, for each vote, by as many tasks: is the voter in the set, add them, add one to the option, add one to the total, publish; each \
         task has a connection of its own, and both counters and the set must be what was answered. The server is {settings}."
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes, one node", "a second", |run| run.alone),
        row("votes, three nodes", "a second", |run| run.nodes),
        row("votes, naive sequence", "a second", |run| run.naive),
        row(
            "the same with as many tasks as three nodes",
            "a second",
            |run| run.naive_of_nodes,
        ),
        row("one node, of the naive sequence", "times", |run| {
            run.alone / run.naive
        })
        .target(Target::AtLeast(5.0)),
        row("three nodes, of the naive sequence", "times", |run| {
            run.nodes / run.naive_of_nodes
        })
        .target(Target::AtLeast(5.0)),
    ]
}

async fn votes_of(corner: &RedisCorner, nodes: u64) -> Result<f64> {
    let keyring = Keyring::ephemeral();
    let mut engines = Vec::new();
    for _ in 0..nodes {
        let store = RedisStore::from_client(corner.redis().await?).await?;
        let engine = PollEngine::builder(store).keyring(keyring.clone());
        engines.push(engine.build());
    }
    engine::in_one_poll(&engines, nodes * TASKS, TIME).await
}

async fn naive(corner: &RedisCorner, tasks: u64) -> Result<f64> {
    let poll = format!("{}:naive:{}", corner.prefix, Uuid::now_v7());
    let mut connections = Vec::new();
    for _ in 0..tasks {
        connections.push(corner.connection().await?);
    }
    let start = Instant::now();
    let mut voters = JoinSet::new();
    for connection in connections {
        voters.spawn(vote_until(connection, poll.clone(), start + TIME));
    }
    let mut votes = 0;
    while let Some(voter) = voters.join_next().await {
        votes += voter??;
    }
    let time = start.elapsed();
    let mut connection = corner.connection().await?;
    let kept: [u64; 3] = [
        connection.scard(format!("{poll}:voters")).await?,
        connection.hget(format!("{poll}:options"), "Pizza").await?,
        connection.hget(&poll, "total").await?,
    ];
    ensure!(
        kept == [votes; 3],
        "{votes} votes were answered, but {kept:?} are kept"
    );
    rate(votes, time)
}

async fn vote_until(
    mut connection: MultiplexedConnection,
    poll: String,
    end: Instant,
) -> Result<u64> {
    let (voters, options) = (format!("{poll}:voters"), format!("{poll}:options"));
    let mut votes = 0;
    while Instant::now() < end {
        let voter = Uuid::new_v4().into_bytes();
        let has_voted: bool = connection.sismember(&voters, &voter[..]).await?;
        ensure!(!has_voted, "a voter of a new name has voted");
        connection.sadd::<_, _, ()>(&voters, &voter[..]).await?;
        connection
            .hincr::<_, _, _, u64>(&options, "Pizza", 1)
            .await?;
        let total: u64 = connection.hincr(&poll, "total", 1).await?;
        connection.publish::<_, _, ()>(&poll, total).await?;
        votes += 1;
    }
    Ok(votes)
}
