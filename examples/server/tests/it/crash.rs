use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::api::{Api, Poll};
use crate::program::{Server, run, votify};

const VOTERS: usize = 16;

/// The fate of every sent ballot, as its sender observed it.
#[derive(Default)]
struct Ledger {
    /// Acknowledged: must never be lost.
    counted: HashMap<String, usize>,
    /// Sent without a response: counted once or not at all.
    unconfirmed: HashMap<String, usize>,
}

impl Ledger {
    /// Votes until the server is killed. Returns the acknowledged ballots.
    async fn vote_until(
        &mut self,
        server: &Server,
        poll: &Poll,
        killed_after: Duration,
    ) -> Vec<String> {
        let api = Api::without_cookies(server);
        let mut voters = JoinSet::new();
        for _ in 0..VOTERS {
            voters.spawn(vote_on(api.clone(), poll.clone()));
        }
        tokio::time::sleep(killed_after).await;
        server.signal(Signal::KILL);
        let mut acknowledged = Vec::new();
        for (counted, unconfirmed) in voters.join_all().await {
            acknowledged.extend(counted.iter().map(|(ballot, _)| ballot.clone()));
            self.counted.extend(counted);
            self.unconfirmed.extend(unconfirmed);
        }
        acknowledged
    }

    /// Sends unconfirmed and acknowledged ballots again.
    async fn resend(&mut self, server: &Server, poll: &Poll, recent: &[String]) {
        let api = Api::without_cookies(server);
        for (ballot, option) in self.unconfirmed.drain() {
            let (status, body) = api.cast(poll, &ballot, option).await.unwrap();
            assert!(matches!(status, 200 | 201), "{status} {body}");
            self.counted.insert(ballot, option);
        }
        for ballot in recent {
            let (status, body) = api.cast(poll, ballot, self.counted[ballot]).await.unwrap();
            assert_eq!(status, 200, "an acknowledged vote is lost: {body}");
        }
    }

    fn totals(&self) -> [u64; 2] {
        let mut totals = [0; 2];
        self.counted
            .values()
            .for_each(|option| totals[*option] += 1);
        totals
    }
}

type SentBallots = Vec<(String, usize)>;

/// Casts one ballot after another until the server stops responding.
async fn vote_on(api: Api, poll: Poll) -> (SentBallots, SentBallots) {
    let (mut counted, mut unconfirmed) = (SentBallots::new(), SentBallots::new());
    loop {
        let sent = (Uuid::new_v4().to_string(), fastrand::usize(0..2));
        match api.cast(&poll, &sent.0, sent.1).await {
            Ok((201, _)) => counted.push(sent),
            Ok((503, _)) => unconfirmed.push(sent),
            Ok((status, body)) => panic!("{status} {body}"),
            Err(_) => {
                unconfirmed.push(sent);
                return (counted, unconfirmed);
            }
        }
    }
}

/// Kills a server at a random time during its start.
async fn kill_while_starting(directory: &Path) {
    let mut child = votify(directory, &["serve", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_micros(fastrand::u64(0..60_000))).await;
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_votes_survive_4_kills_and_count_once() {
    kill_repeatedly(4, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_acknowledged_votes_survive_50_kills_and_count_once() {
    kill_repeatedly(50, 1_000).await;
}

/// Kills a server `kills` times under load, a tenth of them during a start. Checks that
/// every acknowledged vote counts exactly once.
async fn kill_repeatedly(kills: u64, min_votes: usize) {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::default();
    let during_start = kills.div_ceil(10);
    for _ in 0..during_start {
        kill_while_starting(directory.path()).await;
    }
    let mut server = Server::start(directory.path(), &[]).await;
    let poll = Api::new(&server).create_poll().await;
    for kill in during_start..kills {
        let recent = ledger
            .vote_until(&server, &poll, Duration::from_millis(fastrand::u64(0..400)))
            .await;
        server.wait().await;
        if kill % 10 == 0 {
            kill_while_starting(directory.path()).await;
        }
        server = Server::start(directory.path(), &[]).await;
        ledger.resend(&server, &poll, &recent).await;
    }
    let all: Vec<String> = ledger.counted.keys().cloned().collect();
    eprintln!("{} votes", all.len());
    assert!(
        all.len() > min_votes,
        "too few votes for a meaningful result: {}",
        all.len()
    );
    ledger.resend(&server, &poll, &all).await;
    assert_eq!(Api::new(&server).counts(&poll).await, ledger.totals());
    server.stop().await;
    let verified = run(&mut votify(directory.path(), &["verify", &poll.id])).await;
    assert_eq!(verified.code(), 0, "{verified:?}");
    assert!(
        verified
            .stdout
            .contains(&format!("exact, {} votes", all.len())),
        "{verified:?}"
    );
}
