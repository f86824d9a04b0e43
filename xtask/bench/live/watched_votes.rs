use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use super::contender::stream_of;
use crate::http::Connection;
use crate::load::rate;
use crate::measured::{Load, Measured, check};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::watch::{Carrier, Crowd};

const VIEWERS: usize = 2_000;
const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(3),
};
const RUNS: usize = 3;

struct Run {
    alone: Measured,
    watched: Measured,
    /// Updates a second of the viewer that got the fewest.
    updates: f64,
}

/// # Errors
/// If a vote is not counted, or a viewer is turned away or does not see the last one.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut runs = Vec::new();
    for run in 0..RUNS {
        let votify = Server::votify_in_memory(program, scratch)?;
        let first = if run % 2 == 0 {
            Some(unwatched(&votify).await?)
        } else {
            None
        };
        let (watched, updates) = watched(&votify).await?;
        let alone = match first {
            Some(alone) => alone,
            None => unwatched(&votify).await?,
        };
        runs.push(Run {
            alone,
            watched,
            updates,
        });
    }
    let about = format!(
        "{} connections vote in one poll of `votify serve` in memory, each its next vote as soon as the last was answered, for \
         {:?} a run: while {VIEWERS} viewers watch it over WebSocket, and while nobody does. The poll's total must be what was \
         answered, and what each viewer has in the end too.",
        LOAD.connections, LOAD.time
    );
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    let rows = vec![
        row("votes, nobody watches", "a second", |run| {
            run.alone.per_second
        }),
        row("votes, watched", "a second", |run| run.watched.per_second),
        row("watched, of nobody watches", "times", |run| {
            run.watched.per_second / run.alone.per_second
        })
        .target(Target::AtLeast(0.6))
        .aim(Target::AtLeast(0.75)),
        row("updates of the viewer with the fewest", "a second", |run| {
            run.updates
        })
        .target(Target::AtLeast(10.0)),
        row("answer, watched, p99", "ms", |run| run.watched.slowest),
    ];
    Ok(Figure {
        name: "watched-votes",
        about,
        rows,
    })
}

async fn unwatched(votify: &Server) -> Result<Measured> {
    let poll = Poll::create(votify.address).await?;
    let measured = LOAD.on(votify, slice::from_ref(&poll)).await?;
    is_kept(votify, &poll, &measured).await?;
    Ok(measured)
}

async fn watched(votify: &Server) -> Result<(Measured, f64)> {
    let poll = Poll::create(votify.address).await?;
    let door = stream_of(&poll, votify.address, Carrier::WebSocket);
    let mut crowd = Crowd::gather(slice::from_ref(&door), VIEWERS).await?;
    // What was told of how many came is no update of the votes.
    sleep(Duration::from_secs(1)).await;
    let (before, begun) = (crowd.fewest_deliveries(), Instant::now());
    let measured = LOAD.on(votify, slice::from_ref(&poll)).await?;
    let updates = rate(crowd.fewest_deliveries() - before, begun.elapsed())?;
    crowd.all_have(measured.answered).await?;
    is_kept(votify, &poll, &measured).await?;
    Ok((measured, updates))
}

async fn is_kept(votify: &Server, poll: &Poll, measured: &Measured) -> Result<()> {
    let mut connection = Connection::open(votify.address).await?;
    let kept = poll.total_votes(&mut connection).await?;
    check(measured.answered, kept)
}
