use super::*;
use crate::engine::live::FrameKind;
use crate::poll::PollChange;

/// Two engines that share a store and a broadcaster.
fn pair() -> (Harness, Harness) {
    let broadcaster = MemoryBroadcaster::new();
    let node_a = Harness::on(Arc::new(MemoryStore::new()), broadcaster.clone());
    let node_b = Harness::on(Arc::clone(&node_a.store), broadcaster);
    (node_a, node_b)
}

#[tokio::test]
async fn changes_on_one_node_reach_viewers_of_the_other() {
    let (node_a, node_b) = pair();
    let poll = node_a.create_poll().await;
    let mut watch = node_b.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    node_a
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let update = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    assert_eq!(&*update.votes, [poll.options[0].id]);
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    node_a
        .engine
        .change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    assert_eq!(
        frame_of_kind(&mut watch, FrameKind::Changed)
            .await
            .poll
            .title,
        "Dinner?"
    );
    node_a
        .engine
        .close_poll(poll.id, &browser(1))
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Closed).await;
    node_a.engine.delete_poll(poll.id).await.unwrap();
    frame_of_kind(&mut watch, FrameKind::Deleted).await;
}

#[tokio::test]
async fn viewers_are_summed_over_all_nodes() {
    let (node_a, node_b) = pair();
    let poll = node_a.create_poll().await;
    let mut one = node_a.watch(poll.id, &browser(1)).await;
    let mut two = node_b.watch(poll.id, &browser(2)).await;
    frame_where(&mut one, |frame| frame.viewers == 2).await;
    frame_where(&mut two, |frame| frame.viewers == 2).await;
    drop(two);
    let left = tokio::time::timeout(Duration::from_secs(8), async {
        while one.next().await.unwrap().viewers != 1 {}
    });
    left.await.expect("a viewer that left is still counted");
}

#[tokio::test]
async fn without_a_common_broadcaster_viewers_are_exact_within_two_seconds() {
    let node_a = Harness::new();
    let node_b = Harness::on(Arc::clone(&node_a.store), MemoryBroadcaster::new());
    let poll = node_a.create_poll().await;
    let mut watch = node_b.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    node_a
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    node_a
        .engine
        .close_poll(poll.id, &browser(1))
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Closed).await;
    node_a.engine.delete_poll(poll.id).await.unwrap();
    frame_of_kind(&mut watch, FrameKind::Deleted).await;
}
