//! Updates that are lost, duplicated and reordered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use votify_core::tally::{TallyView, ViewPosition};
use votify_core::{
    Audience, Caller, Choice, Keyring, MemoryStore, Poll, PollDraft, PollEngine, Position,
    SessionId, Store,
};
use votify_test_support::redis::Server;

use crate::relay::Relay;

const NODES: usize = 3;
const VIEWERS_PER_NODE: usize = 5;
const ROUNDS: usize = 12;
/// How soon after the last vote every view must be exact.
const EXACT_WITHIN: Duration = Duration::from_secs(2);

/// A viewer of the poll on one instance. Its positions must never decrease.
struct Viewer {
    latest: watch::Receiver<Option<TallyView>>,
    task: JoinHandle<()>,
}

impl Viewer {
    async fn new(engine: &PollEngine, poll: &Poll) -> Self {
        let (sender, latest) = watch::channel(None);
        let caller = Caller::session(SessionId::random());
        let mut watch = engine.watch(poll.id, &caller, None).await.unwrap();
        let task = tokio::spawn(async move {
            let mut last = Position::START;
            while let Some(frame) = watch.next().await {
                let ViewPosition::Shown(position) = frame.view.position() else {
                    panic!("counts are hidden");
                };
                assert!(position >= last, "{position:?} after {last:?}");
                last = position;
                sender.send_replace(Some(frame.view.clone()));
            }
        });
        Self { latest, task }
    }

    async fn wait_for(&self, exact: &TallyView) {
        let mut latest = self.latest.clone();
        let _ = latest.wait_for(|view| view.as_ref() == Some(exact)).await;
    }
}

/// Votes on all instances at once, for about 0.3 s.
async fn vote(engines: &[PollEngine], poll: &Arc<Poll>) {
    let tasks = engines.iter().map(|engine| {
        let (engine, poll) = (engine.clone(), Arc::clone(poll));
        tokio::spawn(async move {
            for _ in 0..fastrand::u32(10..30) {
                let voter = Caller::session(SessionId::random());
                let option = poll.options[fastrand::usize(0..2)].id;
                let result = engine.vote(poll.id, &voter, Choice::one(option)).await;
                result.unwrap();
                sleep(Duration::from_millis(fastrand::u64(0..30))).await;
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_become_exact_despite_lost_duplicated_and_reordered_updates() {
    let Some(server) = Server::new() else {
        return;
    };
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut relay = Relay::new(&server, NODES).await;
    let (store, keyring) = (Arc::new(MemoryStore::new()), Keyring::ephemeral());
    let engines: Vec<PollEngine> = std::mem::take(&mut relay.instances)
        .into_iter()
        .map(|instance| {
            let builder = PollEngine::builder(Arc::clone(&store));
            builder
                .broadcaster(instance)
                .keyring(keyring.clone())
                .build()
        })
        .collect();
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = engines[0].create_poll(draft).await.unwrap();
    let links = relay.forward(poll.id, seed).await;
    let mut viewers = Vec::new();
    for engine in &engines {
        for _ in 0..VIEWERS_PER_NODE {
            viewers.push(Viewer::new(engine, &poll).await);
        }
    }

    let mut previous_total = 0;
    for round in 0..ROUNDS {
        vote(&engines, &poll).await;
        let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
        assert!(tally.total_votes > previous_total);
        previous_total = tally.total_votes;
        let exact = TallyView::new(&poll, &tally, Audience::Public);
        let all = join_all(viewers.iter().map(|viewer| viewer.wait_for(&exact)));
        if timeout(EXACT_WITHIN, all).await.is_err() {
            let views: Vec<_> = viewers
                .iter()
                .map(|viewer| viewer.latest.borrow().clone())
                .collect();
            panic!("round {round}: expected {exact:?} within {EXACT_WITHIN:?}, found {views:?}");
        }
    }

    let faults = &relay.faults;
    eprintln!("{previous_total} votes, {faults:?}");
    for count in [&faults.dropped, &faults.duplicated, &faults.overtaken] {
        assert!(count.load(Ordering::Relaxed) > 10, "{faults:?}");
    }
    for link in links {
        assert!(!link.is_finished(), "a link of the relay ended early");
        link.abort();
    }
    for engine in engines {
        engine.shutdown().await;
    }
    // The tasks end with their engines. A decreased position would have panicked them.
    for viewer in viewers {
        viewer.task.await.unwrap();
    }
}
