//! Changes of a poll at a steady rate, however fast they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::http::{Connection, Request};
use crate::poll::{BallotRequest, Poll};
use crate::watch::{Sent, revision};

/// What gives a poll its next state.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A vote by somebody new.
    Vote(BallotRequest),
    /// The same request each time.
    Asked(Request),
}

/// A change every so often, over so many connections by turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) every: Duration,
    pub(crate) connections: u32,
}

/// Changes that go on until they are ended.
#[derive(Debug)]
pub(crate) struct Steady {
    tasks: JoinSet<Result<Vec<Sent>>>,
    ended: Arc<AtomicBool>,
}

impl Change {
    /// A vote in this poll.
    ///
    /// # Errors
    /// If it has no options.
    pub(crate) fn vote_in(poll: &Poll) -> Result<Self> {
        poll.ballot().map(Self::Vote)
    }

    fn next(&mut self) -> &Request {
        match self {
            Self::Vote(ballot) => ballot.of_a_new_voter(),
            Self::Asked(request) => request,
        }
    }
}

impl Steady {
    /// # Errors
    /// If nobody listens there.
    pub(crate) async fn begin(address: SocketAddr, change: &Change, pace: Pace) -> Result<Self> {
        let mut this = Self {
            tasks: JoinSet::new(),
            ended: Arc::default(),
        };
        let mut opened = Vec::new();
        for _ in 0..pace.connections {
            opened.push(Connection::open(address).await?);
        }
        let mut first = Instant::now() + pace.every;
        for connection in opened {
            let beat = (first, pace.every * pace.connections);
            let task = keep_on(connection, change.clone(), beat, Arc::clone(&this.ended));
            this.tasks.spawn(task);
            first += pace.every;
        }
        Ok(this)
    }

    /// So many changes, and no more.
    ///
    /// # Errors
    /// If one is not made.
    pub(crate) async fn send(
        address: SocketAddr,
        change: &Change,
        every: Duration,
        changes: u32,
    ) -> Result<Vec<Sent>> {
        let pace = Pace {
            every,
            connections: 1,
        };
        let steady = Self::begin(address, change, pace).await?;
        tokio::time::sleep(every * changes).await;
        steady.end().await
    }

    /// Ends them; returns what was sent, and when each should have been: one that is late because another was slow counts
    /// from there.
    ///
    /// # Errors
    /// If one was not made.
    pub(crate) async fn end(mut self) -> Result<Vec<Sent>> {
        self.ended.store(true, Ordering::Relaxed);
        let mut sent = Vec::new();
        while let Some(task) = self.tasks.join_next().await {
            sent.extend(task??);
        }
        Ok(sent)
    }
}

async fn keep_on(
    mut connection: Connection,
    mut change: Change,
    (first, every): (Instant, Duration),
    ended: Arc<AtomicBool>,
) -> Result<Vec<Sent>> {
    let mut beat = interval_at(first, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = Vec::new();
    loop {
        let at = beat.tick().await.into_std();
        if ended.load(Ordering::Relaxed) {
            return Ok(sent);
        }
        let answer = connection.send(change.next()).await?;
        if answer.status != 201 {
            answer.json::<serde_json::Value>(201)?;
        }
        let revision = revision(answer.body)?.context("an answer without a revision")?;
        sent.push(Sent { at, revision });
    }
}
