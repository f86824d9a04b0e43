use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::contender::Contender;
use crate::measured::milliseconds;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::{Change, Pace, Steady};
use crate::watch::{Carrier, Crowd, Sent};

const VIEWERS: usize = 2_000;
/// 5 000 votes a second.
const VOTES: Pace = Pace {
    every: Duration::from_micros(200),
    connections: 64,
};
/// The least time between two updates of `votify serve`, which is how often the bare room changes too.
const TICK: Duration = Duration::from_millis(50);
const TIME: Duration = Duration::from_secs(4);
const RUNS: usize = 3;

/// Times from a change until all have seen it, in milliseconds.
struct Run {
    votify: (f64, f64),
    votes: f64,
    bare: (f64, f64),
}

/// # Errors
/// If a viewer is turned away, or does not see the last vote.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let server = Server::votify_in_memory(program, scratch)?;
        let votify = Contender::on(server, Carrier::WebSocket).await?;
        let (sent, times) = seen(&votify, None).await?;
        let bare = Contender::bare(Carrier::WebSocket, scratch)?;
        let (_, of_bare) = seen(&bare, Some(Change::vote_in(&Poll::imagined())?)).await?;
        runs.push(Run {
            votify: times,
            votes: f64::from(u32::try_from(sent.len())?) / TIME.as_secs_f64(),
            bare: of_bare,
        });
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll of `votify serve` in memory over WebSocket while 5 000 votes a second are cast in it over \
         {} connections, whether or not earlier ones were answered, for {TIME:?}; the time is from when a vote is due until the last \
         of all viewers has it in its hands. The bare room of as many viewers changes every {TICK:?}, which is Votify's tick, under \
         as many votes that are answered and do nothing; the time is from asking for a change until all have seen it.",
        VOTES.connections
    );
    let tick = 1e3 * TICK.as_secs_f64();
    let row = |what: &str, unit, value: &dyn Fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    let rows = vec![
        row("votes", "a second", &|run| run.votes),
        row("vote to seen by all, p50", "ms", &|run| run.votify.0),
        row("vote to seen by all, p99", "ms", &|run| run.votify.1),
        row("the bare room's, p50", "ms", &|run| run.bare.0),
        row("the bare room's, p99", "ms", &|run| run.bare.1),
        row("p99, of a tick and the bare room's", "times", &|run| {
            run.votify.1 / (tick + run.bare.1)
        })
        .target(Target::AtMost(1.5))
        .aim(Target::AtMost(1.2)),
    ];
    Ok(Figure {
        name: "seen-by-all",
        about,
        rows,
    })
}

/// Votes at the pace of all, which change the room; or, where they do not, beside changes at every tick.
async fn seen(room: &Contender, idle_votes: Option<Change>) -> Result<(Vec<Sent>, (f64, f64))> {
    let address = room.server.address;
    let mut crowd = Crowd::attentive(std::slice::from_ref(room.door()), VIEWERS).await?;
    sleep(Duration::from_secs(1)).await;
    let sent = if let Some(votes) = &idle_votes {
        let votes = Steady::begin(address, votes, VOTES).await?;
        let changes = u32::try_from(TIME.as_millis() / TICK.as_millis())?;
        let sent = Steady::send(address, room.change(), TICK, changes).await?;
        votes.end().await?;
        sent
    } else {
        let votes = Steady::begin(address, room.change(), VOTES).await?;
        sleep(TIME).await;
        votes.end().await?
    };
    let times = crowd.seen_by_all(sent.clone()).await?;
    Ok((
        sent,
        (milliseconds(&times, 0.5)?, milliseconds(&times, 0.99)?),
    ))
}
