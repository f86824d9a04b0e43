//! Changes of a poll at a constant rate, independent of the latency of their answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::http::{Connection, Request};
use crate::poll::{BallotRequest, Poll};
use crate::watch::{SentChange, revision};

/// A request that moves a poll to its next revision.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A vote by a new voter.
    Vote(BallotRequest),
    /// The same request each time.
    Fixed(Request),
}

/// One change every `interval`, spread over `connections` in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateSchedule {
    pub(crate) interval: Duration,
    pub(crate) connections: u32,
}

/// Tasks that send changes until [`stop`](Self::stop).
#[derive(Debug)]
pub(crate) struct ConstantRate {
    tasks: JoinSet<Result<Vec<SentChange>>>,
    stopped: Arc<AtomicBool>,
}

impl Change {
    /// Returns votes in this poll.
    ///
    /// # Errors
    /// If the poll has no options.
    pub(crate) fn vote_in(poll: &Poll) -> Result<Self> {
        poll.ballot().map(Self::Vote)
    }

    fn next(&mut self) -> &Request {
        match self {
            Self::Vote(ballot) => ballot.for_new_voter(),
            Self::Fixed(request) => request,
        }
    }
}

impl ConstantRate {
    /// Opens the connections and starts sending.
    ///
    /// # Errors
    /// If the address refuses a connection.
    pub(crate) async fn start(
        address: SocketAddr,
        change: &Change,
        schedule: RateSchedule,
    ) -> Result<Self> {
        let mut this = Self {
            tasks: JoinSet::new(),
            stopped: Arc::default(),
        };
        let mut opened = Vec::new();
        for _ in 0..schedule.connections {
            opened.push(Connection::open(address).await?);
        }
        let mut first = Instant::now() + schedule.interval;
        for connection in opened {
            let ticks = (first, schedule.interval * schedule.connections);
            let stopped = Arc::clone(&this.stopped);
            let task = send_until_stopped(connection, change.clone(), ticks, stopped);
            this.tasks.spawn(task);
            first += schedule.interval;
        }
        Ok(this)
    }

    /// Sends about `changes` changes over one connection.
    ///
    /// # Errors
    /// If a change is not answered 201.
    pub(crate) async fn send(
        address: SocketAddr,
        change: &Change,
        interval: Duration,
        changes: u32,
    ) -> Result<Vec<SentChange>> {
        let schedule = RateSchedule {
            interval,
            connections: 1,
        };
        let sender = Self::start(address, change, schedule).await?;
        tokio::time::sleep(interval * changes).await;
        sender.stop().await
    }

    /// Stops and returns all changes with their scheduled times. A change that was
    /// delayed by a slow predecessor keeps its scheduled time, so the delay counts.
    ///
    /// # Errors
    /// If a change was not answered 201.
    pub(crate) async fn stop(mut self) -> Result<Vec<SentChange>> {
        self.stopped.store(true, Ordering::Relaxed);
        let mut sent = Vec::new();
        while let Some(task) = self.tasks.join_next().await {
            sent.extend(task??);
        }
        Ok(sent)
    }
}

async fn send_until_stopped(
    mut connection: Connection,
    mut change: Change,
    (first, interval): (Instant, Duration),
    stopped: Arc<AtomicBool>,
) -> Result<Vec<SentChange>> {
    let mut ticks = interval_at(first, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = Vec::new();
    loop {
        let at = ticks.tick().await.into_std();
        if stopped.load(Ordering::Relaxed) {
            return Ok(sent);
        }
        let response = connection.send(change.next()).await?;
        response.expect_status(201)?;
        let answered = Instant::now().into_std();
        let revision = revision(response.body)?.context("answer without a revision")?;
        sent.push(SentChange {
            at,
            answered,
            revision,
        });
    }
}
