use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::contender::{Contender, Delivered};
use crate::report::{Figure, Row, Target};
use crate::socket_io::SocketIo;
use crate::watch::Carrier;

const VIEWERS: usize = 2_000;
const RUNS: usize = 3;
/// How often the poll changes.
const PACES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(1)];

/// DeliveryStream of all contenders, in the order that these stand in.
type Run = Vec<Delivered>;

/// Over WebSocket, beside the bare room, raw writes and socket.io.
///
/// # Errors
/// If a viewer is turned away or does not see the newest state, or npm cannot install socket.io.
#[tokio::main]
pub(crate) async fn over_web_socket(scratch: &Path) -> Result<Figure> {
    let socket_io = SocketIo::install(scratch)?;
    let contenders = [
        Contender::votify(Carrier::WebSocket, scratch).await?,
        Contender::bare(Carrier::WebSocket, scratch)?,
        Contender::raw(scratch)?,
        Contender::socket_io(&socket_io, scratch)?,
    ];
    let mut rows = Vec::new();
    for every in PACES {
        let runs = by_turns(&contenders, every).await?;
        rows.extend(rows_of_all(every, &runs));
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll over WebSocket, which changes every 5 ms or every 1 ms; a delivery is counted where it is \
         received, and in the end each viewer must have the newest state. Votify runs as a library whose tick is 1 ms, so \
         that nothing but its speed bounds what it sends; its poll changes by votes over HTTP, the others' by a request that only \
         says so. The bare room is a task for each viewer in axum that sends a ready frame, with buffers as large as Votify's, 2 KiB. Raw \
         writes are the same frames made beforehand, written to the connection without any WebSocket. socket.io is npm's, version \
         {}, one `io.to(room).emit` for each change, without compression. By turns under the same viewers, which are another process.",
        socket_io.version
    );
    Ok(Figure {
        name: "rooms",
        about,
        rows,
    })
}

/// As server-sent events, beside a bare route of them.
///
/// # Errors
/// If a viewer is turned away or does not see the newest state.
#[tokio::main]
pub(crate) async fn over_events(scratch: &Path) -> Result<Figure> {
    let contenders = [
        Contender::votify(Carrier::Events, scratch).await?,
        Contender::bare(Carrier::Events, scratch)?,
    ];
    let [every, _] = PACES;
    let runs = by_turns(&contenders, every).await?;
    let about = format!(
        "{VIEWERS} viewers watch one poll as server-sent events, which changes every {every:?}; a delivery is counted where it is \
         received, and in the end each viewer must have the newest state. Votify runs as a library whose tick is 1 ms. The bare \
         route sends the same bytes to all from one shared piece of memory. By turns under the same viewers, which are another process."
    );
    Ok(Figure {
        name: "event-rooms",
        about,
        rows: rows_beside_bare("", &runs),
    })
}

/// A machine that grows slower meanwhile does so for all: each begins once.
async fn by_turns(contenders: &[Contender], every: Duration) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for run in 0..RUNS {
        let mut delivered: Vec<_> = contenders.iter().map(|_| None).collect();
        for turn in 0..contenders.len() {
            let index = (run + turn) % contenders.len();
            if let (Some(contender), Some(place)) =
                (contenders.get(index), delivered.get_mut(index))
            {
                *place = Some(contender.deliver(VIEWERS, every).await?);
            }
        }
        runs.push(delivered.into_iter().flatten().collect());
    }
    Ok(runs)
}

fn of(runs: &[Run], value: impl Fn(&[Delivered]) -> Option<f64>) -> Vec<f64> {
    runs.iter().filter_map(|run| value(run)).collect()
}

fn rows_beside_bare(when: &str, runs: &[Run]) -> Vec<Row> {
    let row = |what: &str, unit, values| Row::new(format!("{what}{when}"), unit, values);
    vec![
        row(
            "Votify",
            "a second",
            of(runs, |run| Some(run.first()?.per_second)),
        ),
        row(
            "the bare room",
            "a second",
            of(runs, |run| Some(run.get(1)?.per_second)),
        ),
        row("of the bare room", "times", times(runs, 1)).target(Target::AtLeast(0.9)),
        row(
            "processors left, Votify",
            "%",
            of(runs, |run| Some(run.first()?.used.idle)),
        ),
        row(
            "processors left, bare room",
            "%",
            of(runs, |run| Some(run.get(1)?.used.idle)),
        ),
    ]
}

fn rows_of_all(every: Duration, runs: &[Run]) -> Vec<Row> {
    let when = format!(", every {every:?}");
    let row = |what: &str, unit, values| Row::new(format!("{what}{when}"), unit, values);
    let mut rows = rows_beside_bare(&when, runs);
    rows.extend([
        row(
            "raw writes",
            "a second",
            of(runs, |run| Some(run.get(2)?.per_second)),
        ),
        row("of raw writes", "times", times(runs, 2)),
        row(
            "socket.io",
            "a second",
            of(runs, |run| Some(run.get(3)?.per_second)),
        ),
        row("of socket.io", "times", times(runs, 3))
            .target(Target::AtLeast(1.7))
            .aim(Target::AtLeast(2.2)),
    ]);
    rows
}

/// What Votify delivers, of what another does.
fn times(runs: &[Run], other: usize) -> Vec<f64> {
    of(runs, |run| {
        Some(run.first()?.per_second / run.get(other)?.per_second)
    })
}
