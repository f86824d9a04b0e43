//! Memory, latency and processor time with more and more viewers.

use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::subject::Subject;
use super::viewer_memory::share_kib;
use crate::constant_rate::ConstantRate;
use crate::duration::duration;
use crate::measurement::milliseconds;
use crate::report::{Figure, Row, count};
use crate::server::Server;
use crate::watch::ViewerPool;

/// The largest size fits into the usual limit of 20 000 open files.
const SIZES: [u32; 5] = [1_000, 2_000, 5_000, 10_000, 19_500];
const VOTES: u32 = 200;
const VOTE_INTERVAL: Duration = Duration::from_millis(33);
const SETTLE_TIME: Duration = Duration::from_secs(2);

/// # Errors
/// If a viewer is rejected or misses the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut rows = Vec::new();
    for viewers in SIZES {
        let server = Server::votify_in_memory(program, scratch)?;
        let room = Subject::new_poll(server).await?;
        rows.extend(measure_size(viewers, &room).await?);
    }
    Ok(Figure {
        name: "viewer-growth",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "Viewers watch one poll of `votify serve` in memory over WebSocket, while about {VOTES} \
         votes are cast, one every {}. One run per size. The viewers are a separate process on the \
         same processors.",
        duration(VOTE_INTERVAL)
    )
}

async fn measure_size(viewers: u32, room: &Subject) -> Result<[Row; 6]> {
    let (server, endpoint) = (&room.server, slice::from_ref(&room.endpoint));
    // Warm-up: the first viewer allocates what later ones share.
    drop(ViewerPool::connect(endpoint, 1).await?);
    sleep(SETTLE_TIME).await;
    let resident = server.resident_kib()?;
    let mut pool = ViewerPool::connect_logged(endpoint, usize::try_from(viewers)?).await?;
    sleep(SETTLE_TIME).await;
    let memory = share_kib(server.resident_kib()?, resident, viewers);
    let (before, deliveries) = (server.usage()?, pool.deliveries());
    let sent = ConstantRate::send(server.address, &room.change, VOTE_INTERVAL, VOTES).await?;
    let times = pool.delivery_latency(sent).await?;
    let used = server.usage()?.since(&before);
    let delivered = f64::from(u32::try_from(pool.deliveries() - deliveries)?);
    let seconds = (VOTE_INTERVAL * VOTES).as_secs_f64();
    let row = |label: &str, unit, value| {
        let label = format!("{} viewers: {label}", count(viewers));
        Row::new(label, unit, vec![value])
    };
    Ok([
        row("memory per viewer", "KiB", memory),
        row("vote to last viewer, p50", "ms", milliseconds(&times, 0.5)?),
        row(
            "vote to last viewer, p99",
            "ms",
            milliseconds(&times, 0.99)?,
        ),
        row(
            "updates per viewer",
            "a second",
            delivered / seconds / f64::from(viewers),
        ),
        row(
            "server CPU time per delivery",
            "µs",
            1e6 * used.server.as_secs_f64() / delivered,
        ),
        row("idle CPU", "%", used.idle),
    ])
}
