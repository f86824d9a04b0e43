use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::contender::{Delivered, deliver, stream_of};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::Change;
use crate::watch::Carrier;

const VIEWERS: usize = 8_000;
const ROOMS: usize = 8;
const EVERY: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_millis(1);
const RUNS: usize = 3;

/// # Errors
/// If a viewer is turned away, or does not see the newest state.
#[tokio::main]
pub(crate) async fn measure(scratch: &Path) -> Result<Figure> {
    let (mut one, mut many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let (alone, eight) = if run % 2 == 0 {
            let alone = in_rooms(1, scratch).await?;
            (alone, in_rooms(ROOMS, scratch).await?)
        } else {
            let eight = in_rooms(ROOMS, scratch).await?;
            (in_rooms(1, scratch).await?, eight)
        };
        ratios.push(alone.per_second / eight.per_second);
        one.push(alone.per_second);
        many.push(eight.per_second);
    }
    let about = format!(
        "{VIEWERS} viewers watch over WebSocket, in one room or in {ROOMS} of equal size, each of which changes every {EVERY:?} by a \
         vote; a delivery is counted where it is received, and in the end each viewer must have the newest state. Votify runs as a \
         library whose tick is {TICK:?}."
    );
    let rows = vec![
        Row::new("one room", "a second", one),
        Row::new("eight rooms", "a second", many),
        Row::new("one room, of eight", "times", ratios)
            .target(Target::AtLeast(0.9))
            .aim(Target::AtLeast(1.0)),
    ];
    Ok(Figure {
        name: "large-rooms",
        about,
        rows,
    })
}

async fn in_rooms(count: usize, scratch: &Path) -> Result<Delivered> {
    let server = Server::library(Some(TICK), scratch)?;
    let mut rooms = Vec::new();
    for _ in 0..count {
        let poll = Poll::create(server.address).await?;
        let door = stream_of(&poll, server.address, Carrier::WebSocket);
        rooms.push((door, Change::vote_in(&poll)?));
    }
    deliver(&server, &rooms, VIEWERS / count, EVERY).await
}
