use votify_core::engine::live::FrameKind;
use votify_core::{Actor, PollChange};
use votify_test_support::broadcaster::EnginePair;

use super::harness::{node, server};

#[tokio::test(flavor = "multi_thread")]
async fn votes_edits_and_deletions_reach_viewers_of_another_instance() {
    let Some(server) = server() else { return };
    let mut engines = EnginePair::new(node(&server).await, node(&server).await).await;
    engines.votes_reach_the_viewer().await;
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    let (engine, id) = (engines.voting.clone(), engines.poll.id);
    engine.change_poll(id, change, Actor::Host).await.unwrap();
    let changed = engines.wait_for_frame(|frame| frame.kind == FrameKind::Changed);
    assert_eq!(changed.await.poll.title, "Dinner?");
    engine.delete_poll(id, Actor::Host).await.unwrap();
    engines
        .wait_for_frame(|frame| frame.kind == FrameKind::Deleted)
        .await;
    engines.shutdown().await;
}
