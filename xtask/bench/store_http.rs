//! Votes over HTTP on one store, compared with the baseline handler.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::duration::duration;
use crate::local_redis::LocalRedis;
use crate::measurement::{Load, Measurement};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::scratch_redis::describe;
use crate::server::Server;

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const RUNS: usize = 5;

/// A store, with the bounds of its rate relative to the ceiling, in percent.
struct StoreFigure<'a> {
    name: &'static str,
    store: &'a str,
    target: f64,
    aim: f64,
}

/// # Errors
/// If a vote is rejected, or a poll's total differs from the answered votes.
#[tokio::main]
pub(crate) async fn on_memory(program: &Path, scratch: &Path) -> Result<Figure> {
    let figure = StoreFigure {
        name: "memory-http",
        store: "a memory store",
        target: 80.0,
        aim: 90.0,
    };
    figure
        .measure(&Server::votify_in_memory(program, scratch)?, scratch)
        .await
}

/// # Errors
/// As [`on_memory`].
#[tokio::main]
pub(crate) async fn on_sqlite(program: &Path, scratch: &Path) -> Result<Figure> {
    let figure = StoreFigure {
        name: "sqlite-http",
        store: "SQLite, which syncs each vote to disk before it is answered",
        target: 45.0,
        aim: 60.0,
    };
    figure
        .measure(&Server::votify_on_sqlite(program, scratch)?, scratch)
        .await
}

/// # Errors
/// As [`on_memory`], or if Redis cannot be reached.
#[tokio::main]
pub(crate) async fn on_redis(program: &Path, scratch: &Path) -> Result<Figure> {
    let redis = LocalRedis::start(scratch).await?;
    let store = describe(&redis.url).await?;
    let figure = StoreFigure {
        name: "redis-http",
        store: &store,
        target: 40.0,
        aim: 50.0,
    };
    figure
        .measure(&Server::votify_on(&redis.url, program, scratch)?, scratch)
        .await
}

/// Consecutive measurements under the same load.
struct Run {
    ceiling: Measurement,
    votify: Measurement,
}

impl StoreFigure<'_> {
    async fn measure(&self, votify: &Server, scratch: &Path) -> Result<Figure> {
        let baseline = Server::baseline(scratch)?;
        let ceiling = [Poll::placeholder()];
        let mut runs = Vec::new();
        for index in 0..RUNS {
            // The order alternates, so a machine that slows down affects both sides
            // equally.
            runs.push(if index % 2 == 0 {
                let ceiling = LOAD.measure(&baseline, &ceiling).await?;
                let votify = LOAD.measure_new_poll(votify).await?;
                Run { ceiling, votify }
            } else {
                let votify = LOAD.measure_new_poll(votify).await?;
                let ceiling = LOAD.measure(&baseline, &ceiling).await?;
                Run { ceiling, votify }
            });
        }
        Ok(Figure {
            name: self.name,
            about: self.about(),
            rows: self.rows(&runs),
        })
    }

    fn about(&self) -> String {
        format!(
            "{} connections vote over HTTP in one poll of `votify serve`, for {} a run. Each \
             connection sends its next vote after the answer to the last one. Each vote is by a new \
             voter. Each run uses a new poll, whose total must equal the answered votes. The store \
             is {}. The ceiling is an axum handler that parses the same votes, sends the same \
             answers and does nothing else. It uses the same allocator and takes turns with Votify \
             under the same load. The load is a separate process on the same processors. If no idle \
             CPU time is left, the processors bound the result; otherwise the load was waiting.",
            LOAD.connections,
            duration(LOAD.time),
            self.store,
        )
    }

    fn rows(&self, runs: &[Run]) -> Vec<Row> {
        let row = |label: &str, unit, value: fn(&Run) -> f64| {
            Row::new(label, unit, runs.iter().map(value).collect())
        };
        vec![
            row("votes", "a second", |run| run.votify.votes_per_second),
            row("votes, ceiling", "a second", |run| {
                run.ceiling.votes_per_second
            }),
            row("votes relative to the ceiling", "%", |run| {
                100.0 * run.votify.votes_per_second / run.ceiling.votes_per_second
            })
            .target(Target::AtLeast(self.target))
            .aim(Target::AtLeast(self.aim)),
            row("server CPU time per vote", "µs", |run| {
                run.votify.server_cpu
            }),
            row("server CPU time per vote, ceiling", "µs", |run| {
                run.ceiling.server_cpu
            }),
            row("load CPU time per vote", "µs", |run| run.votify.load_cpu),
            row("load CPU time per vote, ceiling", "µs", |run| {
                run.ceiling.load_cpu
            }),
            row("idle CPU", "%", |run| run.votify.idle),
            row("idle CPU, ceiling", "%", |run| run.ceiling.idle),
            row("latency, p50", "ms", |run| run.votify.p50),
            row("latency, p99", "ms", |run| run.votify.p99),
        ]
    }
}
