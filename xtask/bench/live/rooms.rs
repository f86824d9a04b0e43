//! Deliveries to the viewers of one room, compared with other room servers.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::subject::{Deliveries, Subject};
use crate::duration::duration;
use crate::report::{Figure, Row, Target, count};
use crate::socket_io::SocketIo;

const VIEWERS: usize = 2_000;
const RUNS: usize = 3;
/// Time between two changes of the poll.
const INTERVALS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(1)];

/// Deliveries of the subjects in the order Votify, baseline, raw, socket.io.
type Run = Vec<Deliveries>;

const VOTIFY: usize = 0;
const BASELINE: usize = 1;
const RAW: usize = 2;
const SOCKET_IO: usize = 3;

/// # Errors
/// If a viewer is rejected or misses the newest revision, or npm cannot install
/// socket.io.
#[tokio::main]
pub(crate) async fn measure(scratch: &Path) -> Result<Figure> {
    let socket_io = SocketIo::install(scratch)?;
    let subjects = [
        Subject::votify(scratch).await?,
        Subject::baseline(scratch)?,
        Subject::raw(scratch)?,
        Subject::socket_io(&socket_io, scratch)?,
    ];
    let mut all_rows = Vec::new();
    for interval in INTERVALS {
        let runs = take_turns(&subjects, interval).await?;
        all_rows.extend(rows(interval, &runs));
    }
    Ok(Figure {
        name: "rooms",
        about: about(&socket_io.version),
        rows: all_rows,
    })
}

fn about(socket_io_version: &str) -> String {
    let [slow, fast] = INTERVALS.map(duration);
    format!(
        "{} viewers watch one poll over WebSocket, which changes every {slow} or every {fast}. \
         Deliveries are counted where they are received. At the end each viewer must have received \
         the newest state. Votify runs as a library with an update interval of 1 ms, so that only \
         its speed limits the deliveries. Its poll changes by votes over HTTP; the other rooms \
         change by a request without content. The baseline room is an axum server with one task per \
         viewer, which sends a prepared message through buffers of 2 KiB, as large as Votify's. Raw \
         writes are prepared frames, written to the connection without a WebSocket implementation. \
         socket.io is npm's, version {socket_io_version}, with one `io.to(room).emit` per change and \
         without compression. All take turns. The viewers are a separate process on the same \
         processors.",
        count(VIEWERS)
    )
}

/// Measures all subjects in each run. Each run starts with another subject, so a machine
/// that slows down affects all of them.
async fn take_turns(subjects: &[Subject], interval: Duration) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for run in 0..RUNS {
        let mut measured = Vec::new();
        for turn in 0..subjects.len() {
            let index = (run + turn) % subjects.len();
            if let Some(subject) = subjects.get(index) {
                measured.push((index, subject.deliver(VIEWERS, interval).await?));
            }
        }
        measured.sort_by_key(|(index, _)| *index);
        let deliveries = measured.into_iter().map(|(_, deliveries)| deliveries);
        runs.push(deliveries.collect());
    }
    Ok(runs)
}

fn rows(interval: Duration, runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, values| {
        let label = format!("{label}, changed every {}", duration(interval));
        Row::new(label, unit, values)
    };
    vec![
        row("Votify", "a second", rates(runs, VOTIFY)),
        row("baseline room", "a second", rates(runs, BASELINE)),
        row(
            "Votify relative to the baseline room",
            "times",
            ratios(runs, BASELINE),
        )
        .target(Target::AtLeast(0.9)),
        row("idle CPU, Votify", "%", idle(runs, VOTIFY)),
        row("idle CPU, baseline room", "%", idle(runs, BASELINE)),
        row("raw writes", "a second", rates(runs, RAW)),
        row("Votify relative to raw writes", "times", ratios(runs, RAW)),
        row("socket.io", "a second", rates(runs, SOCKET_IO)),
        row(
            "Votify relative to socket.io",
            "times",
            ratios(runs, SOCKET_IO),
        )
        .target(Target::AtLeast(1.7))
        .aim(Target::AtLeast(2.2)),
    ]
}

fn values(runs: &[Run], value: impl Fn(&[Deliveries]) -> Option<f64>) -> Vec<f64> {
    runs.iter().filter_map(|run| value(run)).collect()
}

fn rates(runs: &[Run], subject: usize) -> Vec<f64> {
    values(runs, |run| Some(run.get(subject)?.per_second))
}

fn idle(runs: &[Run], subject: usize) -> Vec<f64> {
    values(runs, |run| Some(run.get(subject)?.used.idle))
}

fn ratios(runs: &[Run], other: usize) -> Vec<f64> {
    values(runs, |run| {
        Some(run.get(VOTIFY)?.per_second / run.get(other)?.per_second)
    })
}
