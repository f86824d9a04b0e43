//! Votes through a queue on Kafka, compared with the same store without it.

mod backlog;
mod cluster;
mod seen;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use votify_core::engine::EngineConfig;
use votify_core::{PollEngine, Store};

use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::engine::votes_per_second;
use crate::open_store::open_store;
use crate::report::{Figure, Row, Target};
use crate::scratch_database::ScratchDatabase;
use cluster::Cluster;

/// As many as wait in `votify serve` under the load of the figures over HTTP.
const TASKS: u64 = 256;
const TIME: Duration = Duration::from_secs(2);
const RUNS: usize = 3;

#[derive(Debug)]
struct Run {
    direct: f64,
    accepted: f64,
    batches: f64,
    drained: f64,
    /// The 99th percentile from acceptance to the frame of a viewer, in milliseconds.
    seen: f64,
}

/// # Errors
/// If a vote is rejected, or is lost or counted twice.
#[tokio::main]
pub(crate) async fn measure() -> Result<Figure> {
    let kind = DatabaseKind::Postgres;
    let (database, runs) = ScratchDatabase::with(kind, async |database| {
        let store = open_store(kind, database.url()).await?;
        let cluster = Cluster::start()?;
        let mut runs = Vec::new();
        for index in 0..RUNS {
            runs.push(run(&store, &cluster, index).await?);
        }
        Ok((database.describe().await?, runs))
    })
    .await?;
    Ok(Figure {
        name: "kafka-queue",
        about: about(&database),
        rows: rows(&runs),
    })
}

async fn run(store: &Arc<dyn Store>, cluster: &Cluster, index: usize) -> Result<Run> {
    let direct = PollEngine::builder(Arc::clone(store))
        .config(config())
        .build();
    let direct = votes_per_second(&[direct], TASKS, TIME).await?;
    // Each run has a topic of its own, so that its lag begins at 0.
    let settings = cluster.create_topics(&format!("votes-{index}"))?;
    let backlog = backlog::measure(store, &settings).await?;
    let seen = seen::p99(store, &settings, backlog.drained / 2.0).await?;
    Ok(Run {
        direct,
        accepted: backlog.accepted,
        batches: backlog.batches,
        drained: backlog.drained,
        seen,
    })
}

/// The configuration of `votify serve` on a database server.
fn config() -> EngineConfig {
    EngineConfig {
        writers: thread::available_parallelism().map_or(1, |cores| cores.get().min(4)),
        ..EngineConfig::default()
    }
}

fn about(database: &str) -> String {
    format!(
        "{TASKS} tasks vote in one poll through `PollEngine`, for {} a run: without a queue, and \
         then into a queue on Kafka that nothing reads. Each task sends its next vote after the \
         answer to the last one. Each vote is by a new voter. An aggregator then empties the \
         queue. As many ballots of another poll are cast in batches of the same size without a \
         queue. At last, votes arrive at half the rate at which the queue was emptied, while the \
         aggregator counts them and a viewer watches. Totals and recounts must equal the accepted \
         votes. The brokers are librdkafka's mock cluster in this process, so they take a part of \
         the processors. The database is {database}.",
        duration(TIME)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes without a queue", "a second", |run| run.direct),
        row("votes accepted by the queue", "a second", |run| {
            run.accepted
        }),
        row("accepted relative to no queue", "times", |run| {
            run.accepted / run.direct
        })
        .target(Target::AtLeast(1.5)),
        row("ballots in batches", "a second", |run| run.batches),
        row("votes counted from the queue", "a second", |run| {
            run.drained
        }),
        row("counted relative to batches", "times", |run| {
            run.drained / run.batches
        })
        .target(Target::AtLeast(0.9)),
        row(
            "from acceptance to a viewer at half load, p99",
            "ms",
            |run| run.seen,
        )
        .target(Target::AtMost(300.0)),
    ]
}
