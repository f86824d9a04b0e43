use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::http::{Connection, Request};
use crate::poll::Poll;

/// Between two rounds of theirs.
const PAUSE: Duration = Duration::from_millis(20);

/// A client that asks for refusals, and for nothing but them.
#[derive(Debug)]
pub(super) struct Pests {
    task: JoinHandle<Result<Asked>>,
    ended: Arc<AtomicBool>,
}

/// What it got.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Votes that were counted.
    pub(super) votes: u64,
    pub(super) refusals: u64,
}

impl Pests {
    pub(super) async fn let_in(address: SocketAddr, poll: &Poll) -> Result<Self> {
        let connection = Connection::open(address).await?;
        let ended = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(ask(connection, poll.clone(), Arc::clone(&ended)));
        Ok(Self { task, ended })
    }

    /// # Errors
    /// If anything was answered that was not asked for.
    pub(super) async fn end(self) -> Result<Asked> {
        self.ended.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

async fn ask(mut connection: Connection, poll: Poll, ended: Arc<AtomicBool>) -> Result<Asked> {
    let mut asked = Asked::default();
    let mut ballot = poll.ballot()?;
    let mut nowhere = Poll::imagined().ballot()?;
    let broken = Request::new(
        "POST",
        &format!("/api/polls/{}/vote", poll.id),
        r#"{"option_id":"#,
    );
    while !ended.load(Ordering::Relaxed) {
        let vote = ballot.of_a_new_voter();
        expect(&mut connection, vote, 201).await?;
        asked.votes += 1;
        // The same vote again is the same vote.
        expect(&mut connection, vote, 200).await?;
        expect(&mut connection, &broken, 400).await?;
        expect(&mut connection, nowhere.of_a_new_voter(), 404).await?;
        asked.refusals += 3;
        sleep(PAUSE).await;
    }
    Ok(asked)
}

async fn expect(connection: &mut Connection, request: &Request, status: u16) -> Result<()> {
    let answer = connection.send(request).await?;
    ensure!(
        answer.status == status,
        "{} instead of {status}: {}",
        answer.status,
        String::from_utf8_lossy(answer.body)
    );
    Ok(())
}
