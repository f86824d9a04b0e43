//! News that get lost, come twice and overtake each other on their way.

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

use crate::relay::Relay;
use crate::servers::Server;

const NODES: usize = 3;
const VIEWERS_OF_A_NODE: usize = 5;
const ROUNDS: usize = 12;
/// Within which time of the last vote everybody must be exact.
const EXACT: Duration = Duration::from_secs(2);

/// Sees the poll at one node, and no position after a newer one.
struct Viewer {
    seen: watch::Receiver<Option<TallyView>>,
    task: JoinHandle<()>,
}

impl Viewer {
    async fn at(engine: &PollEngine, poll: &Poll) -> Self {
        let (shows, seen) = watch::channel(None);
        let viewer = Caller::session(SessionId::random());
        let mut watching = engine.watch(poll.id, &viewer, None).await.unwrap();
        let task = tokio::spawn(async move {
            let mut last = Position::START;
            while let Some(frame) = watching.next().await {
                let ViewPosition::Shown(position) = frame.view.position() else {
                    panic!("counts are shown");
                };
                assert!(position >= last, "{position:?} after {last:?}");
                last = position;
                shows.send_replace(Some(frame.view.clone()));
            }
        });
        Self { seen, task }
    }

    async fn sees(&self, exact: &TallyView) {
        let mut seen = self.seen.clone();
        let _ = seen.wait_for(|view| view.as_ref() == Some(exact)).await;
    }
}

/// Votes at all nodes at once, for about a third of a second.
async fn votes(engines: &[PollEngine], poll: &Arc<Poll>) {
    let voters = engines.iter().map(|engine| {
        let (engine, poll) = (engine.clone(), Arc::clone(poll));
        tokio::spawn(async move {
            for _ in 0..fastrand::u32(10..30) {
                let voter = Caller::session(SessionId::random());
                let option = poll.options[fastrand::usize(0..2)].id;
                let voted = engine.vote(poll.id, &voter, Choice::one(option)).await;
                voted.unwrap();
                sleep(Duration::from_millis(fastrand::u64(0..30))).await;
            }
        })
    });
    for voter in join_all(voters).await {
        voter.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_drops_doubles_and_shuffles_takes_nothing_from_viewers() {
    let Some(server) = Server::plain() else {
        return;
    };
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut relay = Relay::between(&server, NODES).await;
    let (store, keyring) = (Arc::new(MemoryStore::new()), Keyring::ephemeral());
    let engines: Vec<PollEngine> = std::mem::take(&mut relay.nodes)
        .into_iter()
        .map(|node| {
            let builder = PollEngine::builder(Arc::clone(&store));
            builder.broadcaster(node).keyring(keyring.clone()).build()
        })
        .collect();
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = engines[0].create_poll(draft).await.unwrap();
    let lines = relay.pass_on(poll.id, seed).await;
    let mut viewers = Vec::new();
    for engine in &engines {
        for _ in 0..VIEWERS_OF_A_NODE {
            viewers.push(Viewer::at(engine, &poll).await);
        }
    }

    let mut counted = 0;
    for round in 0..ROUNDS {
        votes(&engines, &poll).await;
        let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
        assert!(tally.total_votes > counted);
        counted = tally.total_votes;
        let exact = TallyView::new(&poll, &tally, Audience::Public);
        let all = join_all(viewers.iter().map(|viewer| viewer.sees(&exact)));
        if timeout(EXACT, all).await.is_err() {
            let seen: Vec<_> = viewers
                .iter()
                .map(|one| one.seen.borrow().clone())
                .collect();
            panic!("round {round}: not all saw {exact:?} after {EXACT:?}: {seen:?}");
        }
    }

    let faults = &relay.faults;
    eprintln!("{counted} votes, {faults:?}");
    for number in [&faults.dropped, &faults.doubled, &faults.overtaken] {
        assert!(number.load(Ordering::Relaxed) > 10, "{faults:?}");
    }
    for line in lines {
        assert!(!line.is_finished(), "the relay lives");
        line.abort();
    }
    for engine in engines {
        engine.shutdown().await;
    }
    // They end with their engines, and would have panicked had they seen a position go down.
    for viewer in viewers {
        viewer.task.await.unwrap();
    }
}
