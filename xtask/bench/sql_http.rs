//! Votes over HTTP on a database server, beside the naive flow and the source designs' on the same server.

mod scene;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::corner::Corner;
use crate::kind::Kind;
use crate::measured::Load;
use crate::own_redis::OwnRedis;
use crate::redis_server;
use crate::report::{Figure, Row};
use scene::{Run, Scene, answered_in_many};

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const POLLS: usize = 1_000;
const RUNS: usize = 5;

/// # Errors
/// If a vote is not counted, or what is kept in the end is not what was answered.
#[tokio::main]
pub(crate) async fn measure(
    name: &'static str,
    kind: Kind,
    program: &Path,
    scratch: &Path,
) -> Result<Figure> {
    let redis = OwnRedis::start(scratch).await?;
    let (settings, runs) = Corner::lend(kind, async |corner| {
        let scene = Scene::set(corner, &redis, program, scratch).await?;
        let mut runs = Vec::new();
        for index in 0..RUNS {
            let in_many = answered_in_many(&runs);
            runs.push(scene.run(index % 2 == 0, in_many).await?);
        }
        scene.recount(&runs).await?;
        Ok((corner.settings().await?, runs))
    })
    .await?;
    Ok(Figure {
        name,
        about: about(kind, &settings, &redis_server::settings(&redis.url).await?),
        rows: rows(kind, &runs),
    })
}

fn about(kind: Kind, settings: &str, redis: &str) -> String {
    format!(
        "{} connections vote over HTTP, each its next vote as soon as the last was answered, each vote by another voter, \
         for {:?} a run: in one poll of `votify serve`, and in {POLLS} polls of it by turns. What the API shows and what \
         a recount finds must be what was answered. The naive flow is an axum server on the same database with a pool as \
         large ({} connections), one poll and one transaction per vote: insert the vote, add one to the option, add one \
         to the poll; its rows and counters must be what was answered. The source design does this too and, in a Redis beside it, \
         looks whether the voter is in a set, puts them there, raises two counters and publishes, each on its own. The bare insert \
         is one statement of {} rows after the other on one connection, which is nobody's vote. The ceiling is an axum handler that reads the \
         same vote and gives the same answer, and does nothing else. All are under the same load by turns. The database \
         is {settings}; the Redis is {redis}.",
        LOAD.connections,
        LOAD.time,
        kind.pool(),
        LOAD.connections,
    )
}

fn rows(kind: Kind, runs: &[Run]) -> Vec<Row> {
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    let of_source = row("of the source design", "times", |run| {
        run.hot.per_second / run.source.per_second
    });
    let bounds = kind.bounds();
    vec![
        row("votes, one poll", "a second", |run| run.hot.per_second),
        row("votes, naive flow", "a second", |run| run.naive.per_second),
        row("of the naive flow", "times", |run| {
            run.hot.per_second / run.naive.per_second
        })
        .target(bounds.naive_flow),
        row("votes, source design", "a second", |run| {
            run.source.per_second
        }),
        match bounds.source_design {
            Some((floor, aim)) => of_source.target(floor).aim(aim),
            None => of_source,
        },
        row("ceiling", "a second", |run| run.ceiling.per_second),
        row("of the ceiling", "%", |run| {
            100.0 * run.hot.per_second / run.ceiling.per_second
        })
        .target(bounds.ceiling.0)
        .aim(bounds.ceiling.1),
        row("bare insert", "rows a second", |run| run.inserts),
        row("of the bare insert", "%", |run| {
            100.0 * run.hot.per_second / run.inserts
        }),
        row("votes, 1 000 polls", "a second", |run| run.many.per_second),
        row("1 000 polls, of one poll", "times", |run| {
            run.many.per_second / run.hot.per_second
        })
        .target(bounds.many_polls.0)
        .aim(bounds.many_polls.1),
        row("the server's processor time per vote", "µs", |run| {
            run.hot.cost
        }),
        row("the same, 1 000 polls", "µs", |run| run.many.cost),
        row("the naive server's", "µs", |run| run.naive.cost),
        row("the load's, one poll", "µs", |run| run.hot.load_cost),
        row("processors left, one poll", "%", |run| run.hot.idle),
        row("processors left, on the ceiling", "%", |run| {
            run.ceiling.idle
        }),
        row("answer, one poll, p50", "ms", |run| run.hot.median),
        row("answer, one poll, p99", "ms", |run| run.hot.slowest),
        row("answer, 1 000 polls, p99", "ms", |run| run.many.slowest),
        row("answer, naive flow, p99", "ms", |run| run.naive.slowest),
    ]
}
