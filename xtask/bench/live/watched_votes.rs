//! The vote rate of a poll with many viewers, compared with the rate without viewers.

use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use super::subject::stream_of;
use crate::duration::duration;
use crate::http::Connection;
use crate::load::per_second;
use crate::measurement::{Load, Measurement, ensure_all_stored};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target, count};
use crate::server::Server;
use crate::watch::{Transport, ViewerPool};

const VIEWERS: usize = 2_000;
const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(3),
};
const RUNS: usize = 3;

struct Run {
    unwatched: Measurement,
    watched: Measurement,
    /// Updates per second of the viewer with the fewest.
    min_updates: f64,
}

/// # Errors
/// If a vote is rejected or lost, or a viewer is rejected or misses the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut runs = Vec::new();
    for run in 0..RUNS {
        let votify = Server::votify_in_memory(program, scratch)?;
        // The order alternates, so a machine that slows down affects both equally.
        let first = if run % 2 == 0 {
            Some(LOAD.measure_new_poll(&votify).await?)
        } else {
            None
        };
        let (watched, min_updates) = measure_watched(&votify).await?;
        let unwatched = match first {
            Some(unwatched) => unwatched,
            None => LOAD.measure_new_poll(&votify).await?,
        };
        runs.push(Run {
            unwatched,
            watched,
            min_updates,
        });
    }
    Ok(Figure {
        name: "watched-votes",
        about: about(),
        rows: rows(&runs),
    })
}

fn about() -> String {
    format!(
        "{} connections vote in one poll of `votify serve` in memory, for {} a run: with {} viewers \
         over WebSocket, and without viewers. Each connection sends its next vote after the answer \
         to the last one. The poll's total, and the last revision of each viewer, must equal the \
         answered votes.",
        LOAD.connections,
        duration(LOAD.time),
        count(VIEWERS)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes without viewers", "a second", |run| {
            run.unwatched.votes_per_second
        }),
        row("votes with viewers", "a second", |run| {
            run.watched.votes_per_second
        }),
        row("with viewers relative to without", "times", |run| {
            run.watched.votes_per_second / run.unwatched.votes_per_second
        })
        .target(Target::AtLeast(0.6))
        .aim(Target::AtLeast(0.75)),
        row("updates of the viewer with the fewest", "a second", |run| {
            run.min_updates
        })
        .target(Target::AtLeast(10.0)),
        row("latency with viewers, p99", "ms", |run| run.watched.p99),
    ]
}

/// Returns the measurement, and the updates per second of the viewer with the fewest.
async fn measure_watched(votify: &Server) -> Result<(Measurement, f64)> {
    let poll = Poll::create(votify.address).await?;
    let endpoint = stream_of(&poll, votify.address, Transport::WebSocket);
    let mut viewers = ViewerPool::connect(slice::from_ref(&endpoint), VIEWERS).await?;
    // Updates of the viewer count end before the measurement.
    sleep(Duration::from_secs(1)).await;
    let (before, start) = (viewers.min_deliveries(), Instant::now());
    let measurement = LOAD.measure(votify, slice::from_ref(&poll)).await?;
    let updates = per_second(viewers.min_deliveries() - before, start.elapsed())?;
    viewers.wait_for_revision(measurement.answered).await?;
    let mut connection = Connection::open(votify.address).await?;
    let stored = poll.total_votes(&mut connection).await?;
    ensure_all_stored(measurement.answered, stored)?;
    Ok((measurement, updates))
}
