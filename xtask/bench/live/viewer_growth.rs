use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::contender::Contender;
use super::viewer_memory::share;
use crate::measured::milliseconds;
use crate::report::{Figure, Row};
use crate::server::Server;
use crate::steady::Steady;
use crate::watch::{Carrier, Crowd};

/// As many as the usual limit of 20 000 open files has room for.
const SIZES: [u32; 5] = [1_000, 2_000, 5_000, 10_000, 19_500];
const VOTES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(33);
const SETTLE: Duration = Duration::from_secs(2);

/// # Errors
/// If a viewer is turned away, or does not see the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut rows = Vec::new();
    for viewers in SIZES {
        let server = Server::votify_in_memory(program, scratch)?;
        let room = Contender::on(server, Carrier::WebSocket).await?;
        let door = slice::from_ref(room.door());
        drop(Crowd::gather(door, 1).await?);
        sleep(SETTLE).await;
        let resident = room.server.resident_kib()?;
        let mut crowd = Crowd::attentive(door, usize::try_from(viewers)?).await?;
        sleep(SETTLE).await;
        let memory = share(room.server.resident_kib()?, resident, viewers);
        let (before, deliveries) = (room.server.usage()?, crowd.deliveries());
        let sent = Steady::send(room.server.address, room.change(), PAUSE, VOTES).await?;
        let times = crowd.seen_by_all(sent).await?;
        let used = room.server.usage()?.since(&before);
        let delivered = f64::from(u32::try_from(crowd.deliveries() - deliveries)?);
        let time = (PAUSE * VOTES).as_secs_f64();
        let row = |what: &str, unit, value| {
            Row::new(format!("{viewers} viewers: {what}"), unit, vec![value])
        };
        rows.extend([
            row("memory of each", "KiB", memory),
            row("vote to seen by all, p50", "ms", milliseconds(&times, 0.5)?),
            row(
                "vote to seen by all, p99",
                "ms",
                milliseconds(&times, 0.99)?,
            ),
            row(
                "updates of each",
                "a second",
                delivered / time / f64::from(viewers),
            ),
            row(
                "the server's processor time for each delivery",
                "µs",
                1e6 * used.server.as_secs_f64() / delivered,
            ),
            row("processors left", "%", used.idle),
        ]);
    }
    let about = format!(
        "So many viewers watch one poll of `votify serve` in memory over WebSocket, while some {VOTES} votes are cast, one every \
         {PAUSE:?}. One run each; the viewers are another process on the same processors."
    );
    Ok(Figure {
        name: "viewer-growth",
        about,
        rows,
    })
}
