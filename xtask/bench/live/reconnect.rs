use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use super::contender::Contender;
use crate::http::{Connection, Request};
use crate::library::READS;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::Steady;
use crate::watch::{Carrier, Crowd, Door};

const VIEWERS: usize = 8_000;
const RUNS: usize = 3;
/// Until an empty room is closed, and longer: who comes back finds it as after a restart.
const AWAY: Duration = Duration::from_secs(3);

/// # Errors
/// If a viewer is turned away.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut votify, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut reads = Vec::new();
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let real = back(&Contender::on(server, Carrier::WebSocket).await?).await?;
        let least = back(&Contender::bare(Carrier::WebSocket, scratch)?).await?;
        ratios.push(real.as_secs_f64() / least.as_secs_f64());
        votify.push(1e3 * real.as_secs_f64());
        bare.push(1e3 * least.as_secs_f64());
        reads.push(reads_of_a_rush(scratch).await?);
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll of `votify serve` in memory over WebSocket, see a vote, lose their connections, and {AWAY:?} \
         later come back all at once, saying what they saw last; the time is until the last of them has the poll's state. The bare room has \
         as many viewers and is asked nothing. How often the store is read while they come is counted in Votify as a library, \
         on a store that counts."
    );
    let rows = vec![
        Row::new("all are back after", "ms", votify),
        Row::new("in the bare room after", "ms", bare),
        Row::new("of the bare room", "times", ratios)
            .target(Target::AtMost(1.5))
            .aim(Target::AtMost(1.2)),
        Row::new("reads of the poll's votes meanwhile", "in all", reads)
            .target(Target::AtMost(1.0)),
    ];
    Ok(Figure {
        name: "reconnect",
        about,
        rows,
    })
}

/// How long it takes until all are back.
async fn back(room: &Contender) -> Result<Duration> {
    let door = left(room).await?;
    let begun = Instant::now();
    let mut crowd = Crowd::rush(slice::from_ref(&door), VIEWERS).await?;
    let time = begun.elapsed();
    crowd.check()?;
    Ok(time)
}

async fn reads_of_a_rush(scratch: &Path) -> Result<f64> {
    let room = Contender::on(Server::library(None, scratch)?, Carrier::WebSocket).await?;
    let door = left(&room).await?;
    let mut connection = Connection::open(room.server.address).await?;
    let ask = Request::new("GET", READS, "");
    let before: u32 = connection.send(&ask).await?.json(200)?;
    let mut crowd = Crowd::rush(slice::from_ref(&door), VIEWERS).await?;
    let after: u32 = connection.send(&ask).await?.json(200)?;
    crowd.check()?;
    Ok(f64::from(after - before))
}

/// Everybody was there, saw a change, and is gone; returns where they come back.
async fn left(room: &Contender) -> Result<Door> {
    let mut door = room.door().clone();
    let mut crowd = Crowd::gather(slice::from_ref(&door), VIEWERS).await?;
    let every = Duration::from_millis(50);
    let sent = Steady::send(room.server.address, room.change(), every, 2).await?;
    let last = sent
        .iter()
        .map(|sent| sent.revision)
        .max()
        .unwrap_or_default();
    crowd.all_have(last).await?;
    drop(crowd);
    sleep(AWAY).await;
    door.path.push_str(&format!("?after=1-{last}"));
    Ok(door)
}
