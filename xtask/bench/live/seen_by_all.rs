//! The time from a vote until all viewers have received it, under many votes.

use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::subject::Subject;
use crate::constant_rate::{Change, ConstantRate, RateSchedule};
use crate::duration::duration;
use crate::measurement::milliseconds;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target, count};
use crate::server::Server;
use crate::watch::{SentChange, ViewerPool};

const VIEWERS: usize = 2_000;
/// 5 000 votes a second.
const VOTES: RateSchedule = RateSchedule {
    interval: Duration::from_micros(200),
    connections: 64,
};
/// The default update interval of `votify serve`. The baseline room changes as often.
const UPDATE_INTERVAL: Duration = Duration::from_millis(50);
const TIME: Duration = Duration::from_secs(4);
const RUNS: usize = 3;

/// Delivery latency to the last viewer, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Latency {
    p50: f64,
    p99: f64,
}

struct Run {
    votify: Latency,
    votes_per_second: f64,
    baseline: Latency,
}

/// # Errors
/// If a viewer is rejected or misses the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let votify = Subject::new_poll(server).await?;
        let (votes, latency) = measure_votes(&votify).await?;
        runs.push(Run {
            votify: latency,
            votes_per_second: f64::from(u32::try_from(votes)?) / TIME.as_secs_f64(),
            baseline: measure_baseline(&Subject::baseline(scratch)?).await?,
        });
    }
    Ok(Figure {
        name: "seen-by-all",
        about: about(),
        rows: rows(&runs),
    })
}

fn about() -> String {
    format!(
        "{} viewers watch one poll of `votify serve` in memory over WebSocket, while 5 000 votes a \
         second are cast over {} connections for {}, independent of their answers. The latency is \
         the time from the scheduled time of a vote until the last viewer has received it. The \
         baseline room has as many viewers and changes every {}, Votify's update interval, under as \
         many votes that are answered and ignored. Its latency is the time from the request of a \
         change until the last viewer has received it.",
        count(VIEWERS),
        VOTES.connections,
        duration(TIME),
        duration(UPDATE_INTERVAL)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let interval = 1e3 * UPDATE_INTERVAL.as_secs_f64();
    let row = |label: &str, unit, value: &dyn Fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes", "a second", &|run| run.votes_per_second),
        row("vote to last viewer, p50", "ms", &|run| run.votify.p50),
        row("vote to last viewer, p99", "ms", &|run| run.votify.p99),
        row("baseline room, p50", "ms", &|run| run.baseline.p50),
        row("baseline room, p99", "ms", &|run| run.baseline.p99),
        row(
            "p99 relative to update interval plus baseline p99",
            "times",
            &|run| run.votify.p99 / (interval + run.baseline.p99),
        )
        .target(Target::AtMost(1.5))
        .aim(Target::AtMost(1.2)),
    ]
}

/// Measures a room that each vote changes. Returns the number of votes too.
async fn measure_votes(room: &Subject) -> Result<(usize, Latency)> {
    let mut viewers = connect(room).await?;
    let votes = ConstantRate::start(room.server.address, &room.change, VOTES).await?;
    sleep(TIME).await;
    let sent = votes.stop().await?;
    Ok((sent.len(), latency(&mut viewers, sent).await?))
}

/// Measures a room that votes do not change, at one change per update interval.
async fn measure_baseline(room: &Subject) -> Result<Latency> {
    let address = room.server.address;
    let mut viewers = connect(room).await?;
    let vote = Change::vote_in(&Poll::placeholder())?;
    let votes = ConstantRate::start(address, &vote, VOTES).await?;
    let changes = u32::try_from(TIME.as_millis() / UPDATE_INTERVAL.as_millis())?;
    let sent = ConstantRate::send(address, &room.change, UPDATE_INTERVAL, changes).await?;
    votes.stop().await?;
    latency(&mut viewers, sent).await
}

async fn connect(room: &Subject) -> Result<ViewerPool> {
    let viewers = ViewerPool::connect_logged(slice::from_ref(&room.endpoint), VIEWERS).await?;
    sleep(Duration::from_secs(1)).await;
    Ok(viewers)
}

async fn latency(viewers: &mut ViewerPool, sent: Vec<SentChange>) -> Result<Latency> {
    let times = viewers.delivery_latency(sent).await?;
    Ok(Latency {
        p50: milliseconds(&times, 0.5)?,
        p99: milliseconds(&times, 0.99)?,
    })
}
