//! Votes of two `votify` binaries in alternation, with their ratio.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::http::Connection;
use crate::local_redis::LocalRedis;
use crate::measurement::{Load, Measurement, ensure_all_stored};
use crate::poll::Poll;
use crate::report::{Figure, Row, count};
use crate::scratch_database::ScratchDatabase;
use crate::server::Server;

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const POLLS: usize = 1_000;
/// An even number, so that each binary is first equally often.
const RUNS: usize = 10;

/// The store of both servers. Each server has its own data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    Sqlite,
    Redis,
    Sql(DatabaseKind),
}

/// A server with the polls of the load on many polls.
struct Subject {
    server: Server,
    many: Vec<Poll>,
    answered_in_many: u64,
}

/// One measurement of a server.
struct Sample {
    one_poll: Measurement,
    many_polls: Measurement,
}

struct Run {
    before: Sample,
    after: Sample,
}

/// # Errors
/// If a server does not start, a vote is rejected, or totals differ from the answered
/// votes.
#[tokio::main]
pub(crate) async fn measure(
    name: &'static str,
    store: StoreKind,
    before: &Path,
    after: &Path,
    scratch: &Path,
) -> Result<Figure> {
    let runs = match store {
        StoreKind::Memory => {
            let start = |program| Server::votify_in_memory(program, scratch);
            compare(start(before)?, start(after)?).await?
        }
        StoreKind::Sqlite => {
            let start = |program| Server::votify_on_sqlite(program, scratch);
            compare(start(before)?, start(after)?).await?
        }
        StoreKind::Redis => {
            let first = LocalRedis::start(scratch).await?;
            let second = LocalRedis::start(scratch).await?;
            let before = Server::votify_on(&first.url, before, scratch)?;
            compare(before, Server::votify_on(&second.url, after, scratch)?).await?
        }
        StoreKind::Sql(kind) => {
            ScratchDatabase::with(kind, async |first| {
                ScratchDatabase::with(kind, async |second| {
                    let before = Server::votify_on(first.url(), before, scratch)?;
                    compare(before, Server::votify_on(second.url(), after, scratch)?).await
                })
                .await
            })
            .await?
        }
    };
    Ok(Figure {
        name,
        about: about(),
        rows: rows(&runs),
    })
}

async fn compare(before: Server, after: Server) -> Result<Vec<Run>> {
    let (mut before, mut after) = (Subject::new(before).await?, Subject::new(after).await?);
    let mut runs = Vec::with_capacity(RUNS);
    for index in 0..RUNS {
        // The order alternates, so a machine that slows down affects both equally.
        runs.push(if index % 2 == 0 {
            let before = before.sample().await?;
            let after = after.sample().await?;
            Run { before, after }
        } else {
            let after = after.sample().await?;
            let before = before.sample().await?;
            Run { before, after }
        });
    }
    Ok(runs)
}

impl Subject {
    async fn new(server: Server) -> Result<Self> {
        Ok(Self {
            many: Poll::create_many(server.address, POLLS).await?,
            server,
            answered_in_many: 0,
        })
    }

    async fn sample(&mut self) -> Result<Sample> {
        let one_poll = LOAD.measure_new_poll(&self.server).await?;
        let many_polls = LOAD.measure(&self.server, &self.many).await?;
        self.answered_in_many += many_polls.answered;
        let mut connection = Connection::open(self.server.address).await?;
        let stored = Poll::sum_of_votes(&self.many, &mut connection).await?;
        ensure_all_stored(self.answered_in_many, stored)?;
        Ok(Sample {
            one_poll,
            many_polls,
        })
    }
}

fn about() -> String {
    format!(
        "Two binaries in alternation, each with its own data: {} connections vote over HTTP for {} \
         in one new poll, then as long in {} polls in turn. The ratios compare neighboring \
         measurements. The polls' totals must equal the answered votes.",
        LOAD.connections,
        duration(LOAD.time),
        count(POLLS)
    )
}

/// The label of a load, and its measurement.
type LoadColumn = (&'static str, fn(&Sample) -> &Measurement);
/// The label and the unit of a value, and the value.
type ValueColumn = (&'static str, &'static str, fn(&Measurement) -> f64);

fn rows(runs: &[Run]) -> Vec<Row> {
    let loads: [LoadColumn; 2] = [
        ("one poll", |sample| &sample.one_poll),
        ("1 000 polls", |sample| &sample.many_polls),
    ];
    let values: [ValueColumn; 3] = [
        ("votes", "a second", |measurement| {
            measurement.votes_per_second
        }),
        ("server CPU time per vote", "µs", |measurement| {
            measurement.server_cpu
        }),
        ("latency p99", "ms", |measurement| measurement.p99),
    ];
    let mut rows = Vec::new();
    for (load, of) in loads {
        for (label, unit, value) in values {
            let before = |run: &Run| value(of(&run.before));
            let after = |run: &Run| value(of(&run.after));
            let row = |side: &str, unit, values| {
                Row::new(format!("{label}, {load}, {side}"), unit, values)
            };
            rows.extend([
                row("before", unit, runs.iter().map(before).collect()),
                row("after", unit, runs.iter().map(after).collect()),
                row(
                    "after relative to before",
                    "times",
                    runs.iter().map(|run| after(run) / before(run)).collect(),
                ),
            ]);
        }
    }
    rows
}
