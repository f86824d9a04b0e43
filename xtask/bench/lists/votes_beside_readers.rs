//! Votes at a constant rate beside readers of lists.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::http_pages::{get, percent_encoded, read_until};
use super::listed_polls::{ListedPolls, POLLS, title};
use crate::constant_rate::{Change, ConstantRate, RateSchedule};
use crate::http::{Connection, Request};
use crate::load::per_second;
use crate::measurement::{ensure_all_stored, milliseconds};
use crate::poll::Poll;
use crate::server::Server;

pub(super) const READERS: usize = 32;
pub(super) const TIME: Duration = Duration::from_secs(4);
/// 500 votes a second.
const VOTES: RateSchedule = RateSchedule {
    interval: Duration::from_millis(2),
    connections: 32,
};
/// Requests of a reader of all lists before it repeats them.
const ROUNDS: u32 = 20;

/// The requests of each reader.
#[derive(Debug)]
pub(super) struct Readers(Vec<Vec<Request>>);

impl Readers {
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn of_first_pages() -> Self {
        Self(vec![vec![get("/api/polls")]; READERS])
    }

    /// Returns readers of first pages, page numbers, pages after cursors, trending and
    /// searches in turn, each of other ones.
    ///
    /// # Errors
    /// If there are too few polls.
    pub(super) fn of_all_lists(polls: &ListedPolls) -> Result<Self> {
        let mut readers = Vec::new();
        for reader in 0..u32::try_from(READERS)? {
            let mut requests = Vec::new();
            for round in 0..ROUNDS {
                let step = reader * ROUNDS + round;
                let cursor = polls.cursor(1 + step * 151 % POLLS)?;
                let words = percent_encoded(&title(step * 151 % POLLS));
                requests.extend([
                    get("/api/polls"),
                    get(&format!("/api/polls?page={}", 2 + step % 498)),
                    get(&format!("/api/polls?after={cursor}")),
                    get("/api/trending"),
                    get(&format!("/api/polls?q={words}")),
                ]);
            }
            readers.push(requests);
        }
        Ok(Self(readers))
    }
}

/// Votes, and the pages read meanwhile.
#[derive(Debug)]
pub(super) struct VotesBeside {
    pub(super) votes_per_second: f64,
    /// Median latency of a vote from its scheduled time, in milliseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) pages_per_second: f64,
}

/// Votes in a new poll while the readers read.
///
/// # Errors
/// If a vote is not answered 201, a page not 200, or the poll's total differs from the
/// answered votes.
pub(super) async fn measure(server: &Server, readers: &Readers) -> Result<VotesBeside> {
    let poll = Poll::create(server.address).await?;
    let start = Instant::now();
    let end = start + TIME;
    let mut reading = JoinSet::new();
    for requests in &readers.0 {
        let connection = Connection::open(server.address).await?;
        reading.spawn(read_until(connection, requests.clone(), end));
    }
    let votes = ConstantRate::start(server.address, &Change::vote_in(&poll)?, VOTES).await?;
    let started = Instant::now();
    sleep_until(end.into()).await;
    let sent = votes.stop().await?;
    let voting_time = started.elapsed();
    let mut pages = 0;
    while let Some(read) = reading.join_next().await {
        pages += read??;
    }
    let reading_time = start.elapsed();
    let answered = u64::try_from(sent.len())?;
    let mut connection = Connection::open(server.address).await?;
    ensure_all_stored(answered, poll.total_votes(&mut connection).await?)?;
    let mut latencies = Histogram::<u64>::new(3)?;
    for vote in &sent {
        latencies.record(u64::try_from(vote.latency().as_micros())?)?;
    }
    Ok(VotesBeside {
        votes_per_second: per_second(answered, voting_time)?,
        p50: milliseconds(&latencies, 0.5)?,
        p99: milliseconds(&latencies, 0.99)?,
        pages_per_second: per_second(pages, reading_time)?,
    })
}
