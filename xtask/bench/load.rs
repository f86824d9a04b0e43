//! Votes over HTTP, each by a new voter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::{Connection, Request};
use crate::poll::{BallotRequest, Poll};

/// Vote requests for several polls in turn, each by a new voter.
#[derive(Debug)]
struct RoundRobin {
    ballots: Arc<[BallotRequest]>,
    next: usize,
    /// The buffer of the request that is sent.
    current: BallotRequest,
}

impl RoundRobin {
    /// Starts with the poll at `first`. Returns `None` without polls.
    fn starting_at(ballots: &Arc<[BallotRequest]>, first: usize) -> Option<Self> {
        Some(Self {
            ballots: Arc::clone(ballots),
            next: first,
            current: ballots.first()?.clone(),
        })
    }

    fn next(&mut self) -> &Request {
        if let Some(ballot) = self.ballots.get(self.next) {
            self.current.clone_from(ballot);
        }
        self.next = (self.next + 1) % self.ballots.len();
        self.current.for_new_voter()
    }
}

/// The votes of a load.
#[derive(Debug)]
pub(crate) struct LoadResult {
    pub(crate) votes: u64,
    pub(crate) votes_per_second: f64,
    /// Times from sending a vote to its answer, in microseconds.
    pub(crate) latencies: Histogram<u64>,
}

/// Votes over `connections` connections for `time`. Each connection sends its next vote
/// after the answer to the last one. All connections vote in all polls in turn and start
/// at different polls, so every poll gets the same share at any time.
///
/// # Errors
/// If a connection fails, or a vote is not answered 201.
pub(crate) async fn vote(
    address: SocketAddr,
    polls: &[Poll],
    connections: usize,
    time: Duration,
) -> Result<LoadResult> {
    let ballots: Result<Arc<[_]>> = polls.iter().map(Poll::ballot).collect();
    let ballots = ballots?;
    let mut opened = Vec::with_capacity(connections);
    for index in 0..connections {
        let requests = RoundRobin::starting_at(&ballots, index * polls.len() / connections)
            .context("no poll to vote in")?;
        opened.push((Connection::open(address).await?, requests));
    }
    let start = Instant::now();
    let mut voters = JoinSet::new();
    for (connection, requests) in opened {
        voters.spawn(vote_until(connection, requests, start + time));
    }
    let mut latencies = Histogram::new(3)?;
    while let Some(voter) = voters.join_next().await {
        latencies.add(voter??)?;
    }
    let votes = latencies.len();
    Ok(LoadResult {
        votes,
        votes_per_second: per_second(votes, start.elapsed())?,
        latencies,
    })
}

async fn vote_until(
    mut connection: Connection,
    mut requests: RoundRobin,
    end: Instant,
) -> Result<Histogram<u64>> {
    let mut latencies = Histogram::new(3)?;
    loop {
        let start = Instant::now();
        if start >= end {
            return Ok(latencies);
        }
        connection.send(requests.next()).await?.expect_status(201)?;
        latencies.record(u64::try_from(start.elapsed().as_micros())?)?;
    }
}

/// Returns `count` divided by the seconds of `time`.
///
/// # Errors
/// If `count` exceeds `u32::MAX`.
pub(crate) fn per_second(count: u64, time: Duration) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?) / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_robin_visits_all_polls_evenly() {
        let polls = [
            Poll::placeholder(),
            Poll::placeholder(),
            Poll::placeholder(),
        ];
        let ballots: Arc<[_]> = polls.iter().map(|poll| poll.ballot().unwrap()).collect();
        let mut requests = RoundRobin::starting_at(&ballots, 2).unwrap();
        let mut sent = std::collections::HashSet::new();
        for index in [2, 0, 1, 2, 0, 1] {
            let request = String::from_utf8(requests.next().0.clone()).unwrap();
            assert!(request.starts_with(&format!("POST /api/polls/{}/vote ", polls[index].id)));
            assert!(sent.insert(request));
        }
    }
}
