//! Votes through engines on the Redis store, compared with the naive sequence of
//! commands.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use uuid::Uuid;
use votify_core::{Keyring, PollEngine};
use votify_redis::RedisStore;
use votify_redis::redis::AsyncCommands;
use votify_redis::redis::aio::MultiplexedConnection;

use crate::duration::duration;
use crate::engine;
use crate::load::per_second;
use crate::report::{Figure, Row, Target};
use crate::scratch_redis::ScratchRedis;

/// Voting tasks per node.
const TASKS: u64 = 256;
const NODES: u64 = 3;
const RUNS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

/// Votes per second of consecutive measurements on one server.
struct Run {
    one_node: f64,
    naive: f64,
    three_nodes: f64,
    /// The naive sequence with the tasks of three instances.
    naive_three_nodes: f64,
}

/// # Errors
/// If a vote is rejected or lost, or the server cannot be reached.
#[tokio::main]
pub(crate) async fn measure() -> Result<Figure> {
    let redis = ScratchRedis::create()?;
    let server = redis.describe().await?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(Run {
            one_node: votes_per_second(&redis, 1).await?,
            naive: naive_votes_per_second(&redis, TASKS).await?,
            three_nodes: votes_per_second(&redis, NODES).await?,
            naive_three_nodes: naive_votes_per_second(&redis, NODES * TASKS).await?,
        });
    }
    redis.remove().await?;
    Ok(Figure {
        name: "redis-store",
        about: about(&server),
        rows: rows(&runs),
    })
}

fn about(server: &str) -> String {
    format!(
        "{TASKS} tasks vote in one poll through a `PollEngine` on a `RedisStore`, for {} a run. Each \
         task sends its next vote after the answer to the last one. Each vote is by a new voter. \
         With three instances, {NODES} engines have {TASKS} tasks and connections each. A recount must \
         equal the answered votes. The naive sequence makes five consecutive round trips per vote, \
         with as many tasks: check whether the voter is in the set, add the voter, add one to the \
         option, add one to the total, publish. Each of its tasks has its own connection. Both \
         counters and the set must equal the answered votes. The server is {server}.",
        duration(TIME)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes, one instance", "a second", |run| run.one_node),
        row("votes, three instances", "a second", |run| run.three_nodes),
        row("votes, naive sequence", "a second", |run| run.naive),
        row(
            "votes, naive sequence with the tasks of three instances",
            "a second",
            |run| run.naive_three_nodes,
        ),
        row(
            "one instance relative to the naive sequence",
            "times",
            |run| run.one_node / run.naive,
        )
        .target(Target::AtLeast(5.0)),
        row(
            "three instances relative to the naive sequence",
            "times",
            |run| run.three_nodes / run.naive_three_nodes,
        )
        .target(Target::AtLeast(5.0)),
    ]
}

async fn votes_per_second(redis: &ScratchRedis, nodes: u64) -> Result<f64> {
    let keyring = Keyring::ephemeral();
    let mut engines = Vec::new();
    for _ in 0..nodes {
        let store = RedisStore::from_client(redis.redis().await?).await?;
        let engine = PollEngine::builder(store).keyring(keyring.clone());
        engines.push(engine.build());
    }
    engine::votes_per_second(&engines, nodes * TASKS, TIME).await
}

async fn naive_votes_per_second(redis: &ScratchRedis, tasks: u64) -> Result<f64> {
    let poll = format!("{}:naive:{}", redis.prefix, Uuid::now_v7());
    let mut connections = Vec::new();
    for _ in 0..tasks {
        connections.push(redis.connection().await?);
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
    let mut connection = redis.connection().await?;
    let stored: [u64; 3] = [
        connection.scard(format!("{poll}:voters")).await?,
        connection.hget(format!("{poll}:options"), "Pizza").await?,
        connection.hget(&poll, "total").await?,
    ];
    ensure!(
        stored == [votes; 3],
        "{votes} votes were answered, but {stored:?} are stored"
    );
    per_second(votes, time)
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
        ensure!(!has_voted, "a new voter is already in the set");
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
