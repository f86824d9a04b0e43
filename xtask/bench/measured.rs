//! A server under a load, and what became of both.

use std::time::Duration;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use crate::load::{self, Outcome};
use crate::poll::Poll;
use crate::server::Server;

/// So many connections vote for some time, after some time to warm up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

#[derive(Debug)]
pub(crate) struct Measured {
    /// Votes that were answered, the first ones too.
    pub(crate) answered: u64,
    /// Votes a second, once it was warm.
    pub(crate) per_second: f64,
    /// Times from sending a vote to its answer, in milliseconds.
    pub(crate) median: f64,
    pub(crate) slowest: f64,
    /// The server's processor time for each vote, in microseconds.
    pub(crate) cost: f64,
    /// The same of the load.
    pub(crate) load_cost: f64,
    /// The part of the processors that nobody used, in per cent.
    pub(crate) idle: f64,
}

impl Load {
    /// # Errors
    /// If a vote is not counted.
    pub(crate) async fn on(&self, server: &Server, polls: &[Poll]) -> Result<Measured> {
        let vote = |time| load::votes(server.address, polls, self.connections, time);
        let first = vote(self.warm_up).await?.votes;
        let before = server.usage()?;
        let Outcome {
            votes,
            per_second,
            latencies,
        } = vote(self.time).await?;
        let used = server.usage()?.since(&before);
        let for_each = |time: Duration| {
            anyhow::Ok(1e6 * time.as_secs_f64() / f64::from(u32::try_from(votes)?))
        };
        Ok(Measured {
            answered: first + votes,
            per_second,
            median: milliseconds(&latencies, 0.5)?,
            slowest: milliseconds(&latencies, 0.99)?,
            cost: for_each(used.server)?,
            load_cost: for_each(used.load)?,
            idle: used.idle,
        })
    }
}

/// Whether what was answered is what is kept.
///
/// # Errors
/// If it is not.
pub(crate) fn check(answered: u64, kept: u64) -> Result<()> {
    ensure!(
        answered == kept,
        "{answered} votes were answered, but {kept} are kept"
    );
    Ok(())
}

/// A quantile of microseconds.
///
/// # Errors
/// If it is longer than an hour.
pub(crate) fn milliseconds(times: &Histogram<u64>, quantile: f64) -> Result<f64> {
    Ok(f64::from(u32::try_from(times.value_at_quantile(quantile))?) / 1_000.0)
}
