//! Everything at once for minutes: votes at most of the rate that can be had, viewers that come and go, and clients that ask for
//! refusals.

mod pests;
mod visitors;

use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep_until;

use crate::corner::Corner;
use crate::http::Connection;
use crate::kind::Kind;
use crate::live::stream_of;
use crate::load::rate;
use crate::measured::{Load, check};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::{Change, Pace, Steady};
use crate::stores;
use crate::watch::Carrier;
use pests::Pests;
use visitors::Visitors;

const VIEWERS: usize = 2_000;
/// Of the rate that was reached with all viewers there.
const SHARE: f64 = 0.7;
const TOP: Load = Load {
    connections: 256,
    warm_up: Duration::from_secs(2),
    time: Duration::from_secs(8),
};
const FRAMES: f64 = 10e6;
/// Between two looks at the server's memory.
const MINUTE: Duration = Duration::from_secs(60);

/// What was found in the end.
struct Found {
    top: f64,
    votes: u64,
    asked_for: u64,
    visits: u64,
    frames: u64,
    /// MiB at each look.
    memory: Vec<f64>,
}

/// # Errors
/// If a vote is lost or counted twice, a viewer sees a revision go down or not the end, or anything is answered that was not
/// asked for.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path, time: Duration) -> Result<Figure> {
    let (settings, found) = Corner::lend(Kind::Postgres, async |corner| {
        let votify = Server::votify_on(corner.url(), program, scratch)?;
        let found = soak(corner, &votify, time).await?;
        Ok((corner.settings().await?, found))
    })
    .await?;
    let about = format!(
        "For {time:?} `votify serve` takes votes in one poll at {:.0} % of the rate that it reached in the {:?} before with as many \
         viewers, over {} connections and at fixed times. {VIEWERS} viewers watch it, half over WebSocket and half as events, \
         each of which leaves after 5 to 40 s and comes back saying what it saw last. Others send votes twice, broken ones and some for \
         polls that do not exist, and must be answered 200, 400 and 404. Each revision of each message is compared with the one that \
         its viewer saw before, across visits too. In the end a recount, the API and every viewer must have what was answered. \
         The database is {settings}.",
        100.0 * SHARE,
        TOP.time,
        TOP.connections
    );
    Ok(Figure {
        name: "soak",
        about,
        rows: rows(&found, time)?,
    })
}

async fn soak(corner: &Corner, votify: &Server, time: Duration) -> Result<Found> {
    let poll = Poll::create(votify.address).await?;
    let doors = [Carrier::WebSocket, Carrier::Events]
        .map(|carrier| stream_of(&poll, votify.address, carrier));
    let visitors = Visitors::let_in(&doors, VIEWERS)?;
    let top = TOP.on(votify, slice::from_ref(&poll)).await?;
    println!("soak: {:.0} votes a second at most", top.per_second);
    let pests = Pests::let_in(votify.address, &poll).await?;
    let connections = u32::try_from(TOP.connections)?;
    let pace = Pace {
        every: Duration::from_secs_f64(1.0 / (SHARE * top.per_second)),
        connections,
    };
    let votes = Steady::begin(votify.address, &Change::vote_in(&poll)?, pace).await?;

    let begun = Instant::now();
    let mut memory = Vec::new();
    while begun.elapsed() < time {
        let next = begun.elapsed() + MINUTE.min(time / 4);
        sleep_until((begun + next.min(time)).into()).await;
        memory.push(f64::from(votify.resident_kib()?) / 1024.0);
        visitors.check()?;
        println!(
            "soak: {:.0?}, {:.1} MiB, {} frames",
            begun.elapsed(),
            memory.last().copied().unwrap_or_default(),
            visitors.frames()
        );
    }
    let votes = votes.end().await?;
    let asked = pests.end().await?;
    let answered = top.answered + u64::try_from(votes.len())? + asked.votes;

    let mut connection = Connection::open(votify.address).await?;
    let shown = poll.total_votes(&mut connection).await?;
    check(answered, shown)?;
    let (visits, frames) = visitors.end(answered).await?;
    let store = stores::open(corner.kind, corner.url()).await?;
    let kept = stores::recounted(&*store, slice::from_ref(&poll)).await?;
    check(answered, kept)?;
    Ok(Found {
        top: top.per_second,
        votes: answered - top.answered,
        asked_for: asked.refusals,
        visits,
        frames,
        memory,
    })
}

fn rows(found: &Found, time: Duration) -> Result<Vec<Row>> {
    let number = |number: u64| anyhow::Ok(f64::from(u32::try_from(number)?));
    let row = |what: &str, unit, value| Row::new(what, unit, vec![value]);
    let settled = found.memory.get(found.memory.len() / 4).copied();
    let last = found.memory.last().copied();
    let growth = last.unwrap_or(f64::NAN) / settled.unwrap_or(f64::NAN);
    Ok(vec![
        row("votes at most", "a second", found.top),
        row("votes meanwhile", "a second", rate(found.votes, time)?),
        row("votes counted, each once", "in all", number(found.votes)?),
        row(
            "refusals and repeats asked for, and no other",
            "in all",
            number(found.asked_for)?,
        ),
        row("visits of viewers", "in all", number(found.visits)?),
        row(
            "messages, none with a revision that went down",
            "in all",
            number(found.frames)?,
        )
        .target(Target::AtLeast(FRAMES)),
        Row::new("the server's memory", "MiB", found.memory.clone()),
        row(
            "memory in the end, of that after a quarter",
            "times",
            growth,
        )
        .target(Target::AtMost(1.1)),
    ])
}
