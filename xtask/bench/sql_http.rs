//! Votes over HTTP on a database server, compared with the naive server, the source
//! design, plain inserts and the baseline handler.

mod harness;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::local_redis::LocalRedis;
use crate::measurement::Load;
use crate::report::{Figure, Row, count};
use crate::scratch_database::ScratchDatabase;
use crate::scratch_redis;
use harness::{Harness, Run, answered_in_many};

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const POLLS: usize = 1_000;
const RUNS: usize = 5;

/// # Errors
/// If a vote is rejected, or the stored votes differ from the answered votes.
#[tokio::main]
pub(crate) async fn measure(
    name: &'static str,
    kind: DatabaseKind,
    program: &Path,
    scratch: &Path,
) -> Result<Figure> {
    let redis = LocalRedis::start(scratch).await?;
    let (database, runs) = ScratchDatabase::with(kind, async |database| {
        let harness = Harness::start(database, &redis, program, scratch).await?;
        let mut runs = Vec::new();
        for index in 0..RUNS {
            let answered = answered_in_many(&runs);
            runs.push(harness.run(index % 2 == 0, answered).await?);
        }
        harness.recount(&runs).await?;
        Ok((database.describe().await?, runs))
    })
    .await?;
    let redis = scratch_redis::describe(&redis.url).await?;
    Ok(Figure {
        name,
        about: about(kind, &database, &redis),
        rows: rows(kind, &runs),
    })
}

fn about(kind: DatabaseKind, database: &str, redis: &str) -> String {
    format!(
        "{} connections vote over HTTP, for {} a run: in one poll of `votify serve`, and in {} \
         polls in turn. The order alternates. Each connection sends its next vote after the answer \
         to the last one. Each vote is by a new voter. The API's totals and a recount must \
         equal the answered votes. The naive server is an axum server on the same database with a \
         pool of the same size ({} connections). Each vote in its one poll is a transaction that \
         inserts the vote, adds one to the option and adds one to the poll; rows and counters must \
         equal the answered votes. The source design also uses a Redis: it checks whether the voter \
         is in a set, adds the voter, increments two counters and publishes, in one round trip \
         each. The plain insert runs one statement of {} rows after the other on one connection, \
         without a check for earlier votes and without counters. The ceiling is an axum handler that parses the same votes, \
         sends the same answers and does nothing else. All take turns under the same load. The \
         database is {database}. The Redis is {redis}.",
        LOAD.connections,
        duration(LOAD.time),
        count(POLLS),
        kind.pool_size(),
        LOAD.connections,
    )
}

fn rows(kind: DatabaseKind, runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    let of_source_design = row("one poll relative to the source design", "times", |run| {
        run.hot.votes_per_second / run.source_design.votes_per_second
    });
    let targets = kind.targets();
    vec![
        row("votes, one poll", "a second", |run| {
            run.hot.votes_per_second
        }),
        row("votes, naive server", "a second", |run| {
            run.naive.votes_per_second
        }),
        row("one poll relative to the naive server", "times", |run| {
            run.hot.votes_per_second / run.naive.votes_per_second
        })
        .target(targets.naive),
        row("votes, source design", "a second", |run| {
            run.source_design.votes_per_second
        }),
        match targets.source_design {
            Some((target, aim)) => of_source_design.target(target).aim(aim),
            None => of_source_design,
        },
        row("votes, ceiling", "a second", |run| {
            run.ceiling.votes_per_second
        }),
        row("one poll relative to the ceiling", "%", |run| {
            100.0 * run.hot.votes_per_second / run.ceiling.votes_per_second
        })
        .target(targets.ceiling.0)
        .aim(targets.ceiling.1),
        row("plain insert", "rows a second", |run| run.inserts),
        row("one poll relative to the plain insert", "%", |run| {
            100.0 * run.hot.votes_per_second / run.inserts
        }),
        row("votes, 1 000 polls", "a second", |run| {
            run.many.votes_per_second
        }),
        row("1 000 polls relative to one poll", "times", |run| {
            run.many.votes_per_second / run.hot.votes_per_second
        })
        .target(targets.many_polls.0)
        .aim(targets.many_polls.1),
        row("server CPU time per vote, one poll", "µs", |run| {
            run.hot.server_cpu
        }),
        row("server CPU time per vote, 1 000 polls", "µs", |run| {
            run.many.server_cpu
        }),
        row("server CPU time per vote, naive server", "µs", |run| {
            run.naive.server_cpu
        }),
        row("load CPU time per vote, one poll", "µs", |run| {
            run.hot.load_cpu
        }),
        row("idle CPU, one poll", "%", |run| run.hot.idle),
        row("idle CPU, ceiling", "%", |run| run.ceiling.idle),
        row("latency, one poll, p50", "ms", |run| run.hot.p50),
        row("latency, one poll, p99", "ms", |run| run.hot.p99),
        row("latency, 1 000 polls, p99", "ms", |run| run.many.p99),
        row("latency, naive server, p99", "ms", |run| run.naive.p99),
    ]
}
