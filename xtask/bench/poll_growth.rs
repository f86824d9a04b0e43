//! Votes spread over more and more polls, on SQLite.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::duration::duration;
use crate::http::Connection;
use crate::measurement::{Load, Measurement, ensure_all_stored};
use crate::poll::Poll;
use crate::report::{Figure, Row, count};
use crate::server::Server;

const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const RUNS: usize = 3;

/// # Errors
/// If a vote is rejected, or the polls' totals differ from the answered votes.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut rows = Vec::new();
    for polls in SIZES {
        let (mut rates, mut cpu_times, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let votify = Server::votify_on_sqlite(program, scratch)?;
            let before = votify.resident_kib()?;
            let measurement = measure_polls(&votify, polls).await?;
            rates.push(measurement.votes_per_second);
            cpu_times.push(measurement.server_cpu);
            memory.push((f64::from(votify.resident_kib()?) - f64::from(before)) / 1024.0);
        }
        let row = |label: &str, unit, runs| {
            Row::new(format!("{} polls: {label}", count(polls)), unit, runs)
        };
        rows.extend([
            row("votes", "a second", rates),
            row("server CPU time per vote", "µs", cpu_times),
            row("growth of the server's memory", "MiB", memory),
        ]);
    }
    Ok(Figure {
        name: "poll-growth",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "{} connections vote over HTTP in the polls of `votify serve` on SQLite in turn, for {} a \
         run. Each connection sends its next vote after the answer to the last one. Each run uses a \
         new server. The polls' totals must equal the answered votes.",
        LOAD.connections,
        duration(LOAD.time)
    )
}

async fn measure_polls(votify: &Server, count: usize) -> Result<Measurement> {
    let polls = Poll::create_many(votify.address, count).await?;
    let measurement = LOAD.measure(votify, &polls).await?;
    let mut connection = Connection::open(votify.address).await?;
    let stored = Poll::sum_of_votes(&polls, &mut connection).await?;
    ensure_all_stored(measurement.answered, stored)?;
    Ok(measurement)
}
