use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use hdrhistogram::Histogram;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::board::Board;
use crate::http::Connection;
use crate::measured::milliseconds;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const VIEWERS: u32 = 2_000;
const VOTES: usize = 300;
/// Between two votes: 30 a second, faster than viewers are told of, and in step with nothing.
const PAUSE: Duration = Duration::from_millis(33);
const RUNS: usize = 3;
const SETTLE: Duration = Duration::from_secs(5);

/// # Errors
/// If a viewer is turned away, or does not see the last vote.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let (mut medians, mut slowest) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::votify(program, scratch)?;
        let poll = Poll::create(server.address).await?;
        // Whatever is made for the first viewer and the first vote is not the other viewers' cost.
        watch_and_vote(server.address, &Poll::create(server.address).await?, 1, 1).await?;
        sleep(SETTLE).await;
        let before = server.resident_kib()?;

        let mut room = Room::open(&[server.address], &poll, VIEWERS).await?;
        sleep(SETTLE).await;
        idle.push(share(server.resident_kib()?, before));
        let times = room.vote(server.address, VOTES).await?;
        busy.push(share(server.resident_kib()?, before));
        medians.push(milliseconds(&times, 0.5)?);
        slowest.push(milliseconds(&times, 0.99)?);
    }
    let about = format!(
        "{VIEWERS} viewers watch one poll of `votify serve` over WebSocket. The memory is what the server's resident set \
         grew by, shared by the viewers, {SETTLE:?} after the last of them came. Then {VOTES} votes are cast, one every \
         {PAUSE:?}; the time is from sending a vote until the last of all viewers has it in its hands."
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

/// What a viewer's part of a growth in memory is.
fn share(now: u32, before: u32) -> f64 {
    (f64::from(now) - f64::from(before)) / f64::from(VIEWERS)
}

async fn watch_and_vote(
    address: SocketAddr,
    poll: &Poll,
    viewers: u32,
    votes: usize,
) -> Result<()> {
    Room::open(&[address], poll, viewers)
        .await?
        .vote(address, votes)
        .await?;
    Ok(())
}

/// All viewers of a poll. They leave when it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    poll: Poll,
    board: Arc<Board>,
    viewers: JoinSet<Result<()>>,
}

impl Room {
    /// Lets the viewers in at these addresses by turns; each has seen the poll as it is when this returns.
    ///
    /// # Errors
    /// If one is turned away.
    pub(crate) async fn open(addresses: &[SocketAddr], poll: &Poll, viewers: u32) -> Result<Self> {
        let board = Arc::new(Board::new(viewers, 10 * VOTES));
        let mut room = Self {
            poll: poll.clone(),
            board,
            viewers: JoinSet::new(),
        };
        for (_, address) in (0..viewers).zip(addresses.iter().cycle()) {
            let url = format!("ws://{address}/api/polls/{}/stream", poll.id);
            let (mut stream, _) = tokio_tungstenite::connect_async(url).await?;
            let mut next = room.take(0, &stream.next().await.context("no first message")??)?;
            let board = Arc::clone(&room.board);
            room.viewers.spawn(async move {
                while let Some(message) = stream.next().await {
                    if let Some(revision) = revision(&message?)? {
                        board.saw(next, revision);
                        next = next.max(revision + 1);
                    }
                }
                Ok(())
            });
        }
        Ok(room)
    }

    /// Marks a first message on the board; returns the next revision to wait for.
    fn take(&self, from: usize, message: &Message) -> Result<usize> {
        let revision = revision(message)?.context("the first message is not the poll's state")?;
        self.board.saw(from, revision);
        Ok(revision + 1)
    }

    /// Casts so many votes there at a steady rate, and times each until everybody has seen it, in microseconds.
    ///
    /// # Errors
    /// If a vote is not counted, or somebody does not see the last one.
    pub(crate) async fn vote(
        &mut self,
        address: SocketAddr,
        votes: usize,
    ) -> Result<Histogram<u64>> {
        let mut connection = Connection::open(address).await?;
        let mut ballot = self.poll.ballot()?;
        let mut beat = interval(PAUSE);
        // A vote that is late because the one before it was slow counts from when it should have been sent.
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut sent = Vec::with_capacity(votes);
        for _ in 0..votes {
            let due = beat.tick().await.into_std();
            let answer: Counted = connection.send(ballot.of_a_new_voter()).await?.json(201)?;
            sent.push((due, answer.revision));
        }
        let last = sent
            .iter()
            .map(|(_, revision)| *revision)
            .max()
            .unwrap_or_default();
        timeout(Duration::from_secs(5), self.everybody_saw(last))
            .await
            .context("not every viewer saw the last vote")??;
        let mut times = Histogram::new(3)?;
        for (due, revision) in sent {
            let seen: Instant = self
                .board
                .seen_by_all(revision)
                .context("a vote was not seen")?;
            times.record(u64::try_from(seen.duration_since(due).as_micros())?)?;
        }
        Ok(times)
    }

    async fn everybody_saw(&mut self, revision: usize) -> Result<()> {
        while self.board.seen_by_all(revision).is_none() {
            sleep(Duration::from_millis(10)).await;
            if let Some(viewer) = self.viewers.try_join_next() {
                viewer??;
                ensure!(false, "a viewer was sent away");
            }
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
struct Counted {
    revision: usize,
}

/// The revision that a message shows, if it shows a poll's state.
fn revision(message: &Message) -> Result<Option<usize>> {
    #[derive(Deserialize)]
    struct Shown<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        revision: Option<usize>,
    }
    let Message::Text(text) = message else {
        return Ok(None);
    };
    let shown: Shown<'_> = serde_json::from_str(text)?;
    Ok(shown.revision.filter(|_| shown.kind == "poll_updated"))
}
