use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::contender::Contender;
use super::viewer_memory::share;
use crate::measured::milliseconds;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::Steady;
use crate::watch::{Carrier, Crowd};

const VIEWERS: u32 = 2_000;
const VOTES: u32 = 300;
/// Between two votes: 30 a second, faster than viewers are told of, and in step with nothing.
const PAUSE: Duration = Duration::from_millis(33);
const RUNS: usize = 3;
const SETTLE: Duration = Duration::from_secs(3);

/// # Errors
/// If a viewer is turned away, or does not see the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let (mut medians, mut slowest) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let room = Contender::on(Server::votify(program, scratch)?, Carrier::WebSocket).await?;
        let (door, address) = (std::slice::from_ref(room.door()), room.server.address);
        // Whatever is made for the first viewer and the first vote is not the other viewers' cost.
        let mut first = Crowd::attentive(door, 1).await?;
        let sent = Steady::send(address, room.change(), PAUSE, 2).await?;
        first.seen_by_all(sent).await?;
        drop(first);
        sleep(SETTLE).await;
        let before = room.server.resident_kib()?;

        let mut crowd = Crowd::attentive(door, usize::try_from(VIEWERS)?).await?;
        sleep(SETTLE).await;
        idle.push(share(room.server.resident_kib()?, before, VIEWERS));
        let sent = Steady::send(address, room.change(), PAUSE, VOTES).await?;
        let times = crowd.seen_by_all(sent).await?;
        busy.push(share(room.server.resident_kib()?, before, VIEWERS));
        medians.push(milliseconds(&times, 0.5)?);
        slowest.push(milliseconds(&times, 0.99)?);
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll of `votify serve` over WebSocket. The memory is what the server's resident set \
         grew by, shared by the viewers, {SETTLE:?} after the last of them came. Then some {VOTES} votes are cast, one every \
         {PAUSE:?}; the time is from when a vote is due until the last of all viewers has it in its hands."
    );
    let rows = vec![
        Row::new("memory of an idle viewer", "KiB", idle).target(Target::AtMost(24.0)),
        Row::new("the same after the votes", "KiB", busy),
        Row::new("vote to seen by all, p50", "ms", medians),
        Row::new("vote to seen by all, p99", "ms", slowest).target(Target::AtMost(100.0)),
    ];
    Ok(Figure {
        name: "viewers",
        about,
        rows,
    })
}
