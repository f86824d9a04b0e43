//! The time until many viewers have reconnected at once.

use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use super::subject::Subject;
use crate::constant_rate::ConstantRate;
use crate::duration::duration;
use crate::http::{Connection, Request};
use crate::library::READ_COUNT_PATH;
use crate::report::{Figure, Row, Target, count};
use crate::server::Server;
use crate::watch::{Endpoint, ViewerPool};

const VIEWERS: usize = 8_000;
const RUNS: usize = 3;
/// Longer than the idle timeout of a room, so that the viewers find the server as after a
/// restart.
const ABSENCE: Duration = Duration::from_secs(3);

/// # Errors
/// If a viewer is rejected.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut votify, mut baseline, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut reads = Vec::new();
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let of_votify = reconnect_time(&Subject::new_poll(server).await?).await?;
        let of_baseline = reconnect_time(&Subject::baseline(scratch)?).await?;
        ratios.push(of_votify / of_baseline);
        votify.push(of_votify);
        baseline.push(of_baseline);
        reads.push(tally_reads(scratch).await?);
    }
    let rows = vec![
        Row::new("time until all are connected", "ms", votify),
        Row::new(
            "time until all are connected, baseline room",
            "ms",
            baseline,
        ),
        Row::new("time relative to the baseline room", "times", ratios)
            .target(Target::AtMost(1.5))
            .aim(Target::AtMost(1.2)),
        Row::new("tally reads while all connect", "in all", reads).target(Target::AtMost(1.0)),
    ];
    Ok(Figure {
        name: "reconnect",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "{} viewers watch one poll of `votify serve` in memory over WebSocket, receive a vote and \
         lose their connections. {} later they reconnect all at once, with their last position. The \
         time ends when the last viewer has received the poll's state. The baseline room has as \
         many viewers and ignores the position. The reads of the store are counted in Votify as a \
         library on a counting store.",
        count(VIEWERS),
        duration(ABSENCE)
    )
}

/// Returns the time in milliseconds until all viewers have reconnected.
async fn reconnect_time(room: &Subject) -> Result<f64> {
    let endpoint = disconnected(room).await?;
    let start = Instant::now();
    let mut viewers = ViewerPool::connect_burst(slice::from_ref(&endpoint), VIEWERS).await?;
    let time = start.elapsed();
    viewers.check()?;
    Ok(1e3 * time.as_secs_f64())
}

/// Returns the tally reads of the store while all viewers reconnect.
async fn tally_reads(scratch: &Path) -> Result<f64> {
    let room = Subject::new_poll(Server::library(None, scratch)?).await?;
    let endpoint = disconnected(&room).await?;
    let mut connection = Connection::open(room.server.address).await?;
    let read_count = Request::new("GET", READ_COUNT_PATH, "");
    let before: u32 = connection.send(&read_count).await?.json(200)?;
    let mut viewers = ViewerPool::connect_burst(slice::from_ref(&endpoint), VIEWERS).await?;
    let after: u32 = connection.send(&read_count).await?.json(200)?;
    viewers.check()?;
    Ok(f64::from(after - before))
}

/// Connects all viewers, sends a change, disconnects them and waits for [`ABSENCE`].
/// Returns the endpoint with their last position.
async fn disconnected(room: &Subject) -> Result<Endpoint> {
    let mut endpoint = room.endpoint.clone();
    let mut viewers = ViewerPool::connect(slice::from_ref(&endpoint), VIEWERS).await?;
    let interval = Duration::from_millis(50);
    let sent = ConstantRate::send(room.server.address, &room.change, interval, 2).await?;
    let last = sent.iter().map(|change| change.revision).max();
    let last = last.unwrap_or_default();
    viewers.wait_for_revision(last).await?;
    drop(viewers);
    sleep(ABSENCE).await;
    endpoint.path.push_str(&format!("?after=1-{last}"));
    Ok(endpoint)
}
