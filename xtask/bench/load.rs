//! Votes over HTTP, each by another voter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::{Connection, Request};
use crate::poll::{BallotRequest, Poll};

/// Votes in some polls, one after the other and again from the first, each by another voter.
#[derive(Debug)]
struct Turns {
    ballots: Arc<[BallotRequest]>,
    next: usize,
    /// The one that is sent.
    now: BallotRequest,
}

impl Turns {
    /// From that poll on; `None` if there are no polls.
    fn beginning_at(ballots: &Arc<[BallotRequest]>, next: usize) -> Option<Self> {
        Some(Self {
            ballots: Arc::clone(ballots),
            next,
            now: ballots.first()?.clone(),
        })
    }

    fn next(&mut self) -> &Request {
        if let Some(ballot) = self.ballots.get(self.next) {
            self.now.clone_from(ballot);
        }
        self.next = (self.next + 1) % self.ballots.len();
        self.now.of_a_new_voter()
    }
}

/// What a load came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) votes: u64,
    pub(crate) per_second: f64,
    /// Times from sending a vote to its answer, in microseconds.
    pub(crate) latencies: Histogram<u64>,
}

/// Votes over so many connections, each sending its next vote when the last was answered. All connections vote in all
/// polls by turns, and begin at different ones, so that every poll gets the same share at any time.
///
/// # Errors
/// If a vote is answered by anything but 201.
pub(crate) async fn votes(
    address: SocketAddr,
    polls: &[Poll],
    connections: usize,
    time: Duration,
) -> Result<Outcome> {
    let ballots: Result<Arc<[_]>> = polls.iter().map(Poll::ballot).collect();
    let ballots = ballots?;
    let mut opened = Vec::with_capacity(connections);
    for index in 0..connections {
        let turns = Turns::beginning_at(&ballots, index * polls.len() / connections)
            .context("no poll to vote in")?;
        opened.push((Connection::open(address).await?, turns));
    }
    let start = Instant::now();
    let mut voters = JoinSet::new();
    for (connection, turns) in opened {
        voters.spawn(vote_until(connection, turns, start + time));
    }
    let mut latencies = Histogram::new(3)?;
    while let Some(voter) = voters.join_next().await {
        latencies.add(voter??)?;
    }
    let votes = latencies.len();
    let per_second = rate(votes, start.elapsed())?;
    Ok(Outcome {
        votes,
        per_second,
        latencies,
    })
}

async fn vote_until(
    mut connection: Connection,
    mut turns: Turns,
    end: Instant,
) -> Result<Histogram<u64>> {
    let mut latencies = Histogram::new(3)?;
    loop {
        let start = Instant::now();
        if start >= end {
            return Ok(latencies);
        }
        let answer = connection.send(turns.next()).await?;
        if answer.status != 201 {
            answer.json::<serde_json::Value>(201)?;
        }
        latencies.record(u64::try_from(start.elapsed().as_micros())?)?;
    }
}

/// So many in that time, per second.
///
/// # Errors
/// If there are more than 4 thousand million.
pub(crate) fn rate(count: u64, time: Duration) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?) / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_over_all_polls_evenly() {
        let polls = [Poll::imagined(), Poll::imagined(), Poll::imagined()];
        let ballots: Arc<[_]> = polls.iter().map(|poll| poll.ballot().unwrap()).collect();
        let mut turns = Turns::beginning_at(&ballots, 2).unwrap();
        let mut seen = std::collections::HashSet::new();
        for index in [2, 0, 1, 2, 0, 1] {
            let request = String::from_utf8(turns.next().0.clone()).unwrap();
            assert!(request.starts_with(&format!("POST /api/polls/{}/vote ", polls[index].id)));
            assert!(seen.insert(request));
        }
    }
}
