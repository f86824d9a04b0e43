//! A vote load on a server, and the measured rates, latencies and processor times.

use std::time::Duration;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use crate::http::Connection;
use crate::load::{self, LoadResult};
use crate::poll::Poll;
use crate::server::Server;

/// Number of voting connections, and how long they vote.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// The result of a load after its warm-up.
#[derive(Debug)]
pub(crate) struct Measurement {
    /// Accepted votes, including those of the warm-up.
    pub(crate) answered: u64,
    pub(crate) votes_per_second: f64,
    /// Median latency of a vote, in milliseconds.
    pub(crate) p50: f64,
    /// The 99th percentile of the latency, in milliseconds.
    pub(crate) p99: f64,
    /// The server's processor time per vote, in microseconds.
    pub(crate) server_cpu: f64,
    /// The load's processor time per vote, in microseconds.
    pub(crate) load_cpu: f64,
    /// Idle share of all processors, in percent.
    pub(crate) idle: f64,
}

impl Load {
    /// Votes in all `polls` in turn.
    ///
    /// # Errors
    /// If a vote is not answered 201, or the server has exited.
    pub(crate) async fn measure(&self, server: &Server, polls: &[Poll]) -> Result<Measurement> {
        let vote = |time| load::vote(server.address, polls, self.connections, time);
        let warm_up = vote(self.warm_up).await?.votes;
        let before = server.usage()?;
        let LoadResult {
            votes,
            votes_per_second,
            latencies,
        } = vote(self.time).await?;
        let used = server.usage()?.since(&before);
        let micros_per_vote = |time: Duration| {
            anyhow::Ok(1e6 * time.as_secs_f64() / f64::from(u32::try_from(votes)?))
        };
        Ok(Measurement {
            answered: warm_up + votes,
            votes_per_second,
            p50: milliseconds(&latencies, 0.5)?,
            p99: milliseconds(&latencies, 0.99)?,
            server_cpu: micros_per_vote(used.server)?,
            load_cpu: micros_per_vote(used.load)?,
            idle: used.idle,
        })
    }

    /// Votes in a new poll of the server, and compares the poll's total afterwards.
    ///
    /// # Errors
    /// If a vote is not answered 201, or the total differs from the answered votes.
    pub(crate) async fn measure_new_poll(&self, server: &Server) -> Result<Measurement> {
        let poll = Poll::create(server.address).await?;
        let measurement = self.measure(server, std::slice::from_ref(&poll)).await?;
        let mut connection = Connection::open(server.address).await?;
        let stored = poll.total_votes(&mut connection).await?;
        ensure_all_stored(measurement.answered, stored)?;
        Ok(measurement)
    }
}

/// Compares the number of answered votes with the number of stored votes.
///
/// # Errors
/// If they differ.
pub(crate) fn ensure_all_stored(answered: u64, stored: u64) -> Result<()> {
    ensure!(
        answered == stored,
        "{answered} votes were answered, but {stored} are stored"
    );
    Ok(())
}

/// Returns a quantile of a histogram of microseconds, in milliseconds.
///
/// # Errors
/// If the quantile is longer than an hour.
pub(crate) fn milliseconds(times: &Histogram<u64>, quantile: f64) -> Result<f64> {
    Ok(f64::from(u32::try_from(times.value_at_quantile(quantile))?) / 1_000.0)
}
