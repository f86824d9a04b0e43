//! Two engines on one store, each with a broadcaster of its own.

use std::sync::Arc;
use std::time::Duration;

use votify_core::engine::EngineConfig;
use votify_core::engine::live::{Frame, FrameKind, Watch};
use votify_core::{
    Caller, Choice, Keyring, MemoryStore, PollChange, PollDraft, PollEngine, SessionId,
};

use crate::scene::{LOST, node, server};

/// An engine that hears of others by its broadcaster alone: it does not look into the store by itself.
async fn engine(
    store: &Arc<MemoryStore>,
    keyring: &Keyring,
    server: &votify_sqlx::sqlx::postgres::PgConnectOptions,
) -> PollEngine {
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

async fn frame_where(
    watch: &mut Watch,
    wanted: impl Fn(&Frame) -> bool + Send + Sync,
) -> Arc<Frame> {
    let found = async {
        loop {
            let frame = watch.next().await.unwrap();
            if wanted(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(LOST, found).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_one_node_is_seen_on_the_other() {
    let Some(server) = server() else { return };
    let (store, keyring) = (Arc::new(MemoryStore::new()), Keyring::ephemeral());
    let here = engine(&store, &keyring, &server).await;
    let there = engine(&store, &keyring, &server).await;
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = here.create_poll(draft).await.unwrap();
    let viewer = Caller::session(SessionId::random());
    let mut watch = there.watch(poll.id, &viewer, None).await.unwrap();
    frame_where(&mut watch, |_| true).await;
    for votes in 1..=20 {
        let voter = Caller::session(SessionId::random());
        let choice = Choice::one(poll.options[0].id);
        here.vote(poll.id, &voter, choice).await.unwrap();
        frame_where(&mut watch, |frame| frame.view.total_votes() == Some(votes)).await;
    }
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    here.change_poll(poll.id, change, &viewer).await.unwrap();
    let changed = frame_where(&mut watch, |frame| frame.kind == FrameKind::Changed).await;
    assert_eq!(changed.poll.title, "Dinner?");
    here.delete_poll(poll.id).await.unwrap();
    frame_where(&mut watch, |frame| frame.kind == FrameKind::Deleted).await;
    here.shutdown().await;
    there.shutdown().await;
}
