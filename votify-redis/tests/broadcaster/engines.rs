//! Two engines on one store, each with a broadcaster of its own.

use std::sync::Arc;
use std::time::Duration;

use votify_core::engine::EngineConfig;
use votify_core::engine::live::Watch;
use votify_core::{Caller, Choice, Keyring, MemoryStore, PollDraft, PollEngine, SessionId};

use crate::scene::{LOST, node};
use crate::servers::Server;

/// An engine that hears of others by its broadcaster alone: it does not look into the store by itself.
async fn engine(store: &Arc<MemoryStore>, keyring: &Keyring, server: &Server) -> PollEngine {
    let never = Duration::from_secs(3_600);
    PollEngine::builder(Arc::clone(store))
        .broadcaster(node(server).await)
        .keyring(keyring.clone())
        .config(EngineConfig {
            resync_interval: never,
            schedule_interval: never,
            ..EngineConfig::default()
        })
        .build()
}

async fn shows(watch: &mut Watch, votes: u64) {
    let shown = async { while watch.next().await.unwrap().view.total_votes() != Some(votes) {} };
    tokio::time::timeout(LOST, shown).await.unwrap();
}

/// Also after votes that nobody could be told of.
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_one_node_is_seen_on_the_other() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    let (store, keyring) = (Arc::new(MemoryStore::new()), Keyring::ephemeral());
    let here = engine(&store, &keyring, &server).await;
    let there = engine(&store, &keyring, &server).await;
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = here.create_poll(draft).await.unwrap();
    let viewer = Caller::session(SessionId::random());
    let mut watch = there.watch(poll.id, &viewer, None).await.unwrap();
    shows(&mut watch, 0).await;
    let vote = async || {
        let voter = Caller::session(SessionId::random());
        let choice = Choice::one(poll.options[0].id);
        here.vote(poll.id, &voter, choice).await.unwrap();
    };
    for votes in 1..=20 {
        vote().await;
        shows(&mut watch, votes).await;
    }
    server.kill();
    for _ in 0..10 {
        vote().await;
    }
    // So that what the engine would still have told is lost.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.start();
    shows(&mut watch, 30).await;
    here.shutdown().await;
    there.shutdown().await;
}
