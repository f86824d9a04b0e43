//! A client that repeats votes and sends invalid requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::http::{Connection, Request};
use crate::poll::Poll;

/// Between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(20);

/// The task of the client.
#[derive(Debug)]
pub(super) struct AbusiveClient {
    task: JoinHandle<Result<AbuseCounts>>,
    stopped: Arc<AtomicBool>,
}

/// The answers to the client's requests.
#[derive(Debug, Default)]
pub(super) struct AbuseCounts {
    pub(super) counted_votes: u64,
    pub(super) repeats_and_rejections: u64,
}

impl AbusiveClient {
    pub(super) async fn start(address: SocketAddr, poll: &Poll) -> Result<Self> {
        let connection = Connection::open(address).await?;
        let stopped = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(run(connection, poll.clone(), Arc::clone(&stopped)));
        Ok(Self { task, stopped })
    }

    /// # Errors
    /// If a request had an unexpected answer.
    pub(super) async fn stop(self) -> Result<AbuseCounts> {
        self.stopped.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

async fn run(
    mut connection: Connection,
    poll: Poll,
    stopped: Arc<AtomicBool>,
) -> Result<AbuseCounts> {
    let mut counts = AbuseCounts::default();
    let mut ballot = poll.ballot()?;
    let mut unknown_poll = Poll::placeholder().ballot()?;
    let malformed = Request::new(
        "POST",
        &format!("/api/polls/{}/vote", poll.id),
        r#"{"option_id":"#,
    );
    while !stopped.load(Ordering::Relaxed) {
        let vote = ballot.for_new_voter();
        connection.send(vote).await?.expect_status(201)?;
        counts.counted_votes += 1;
        // The same ballot id is a replay.
        connection.send(vote).await?.expect_status(200)?;
        connection.send(&malformed).await?.expect_status(400)?;
        let unknown = unknown_poll.for_new_voter();
        connection.send(unknown).await?.expect_status(404)?;
        counts.repeats_and_rejections += 3;
        sleep(PAUSE).await;
    }
    Ok(counts)
}
