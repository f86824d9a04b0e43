use super::*;
use crate::engine::live::FrameKind;
use crate::poll::PollChange;
use crate::voter::Actor;

/// Two engines that share a store and a broadcaster.
fn pair() -> (Harness, Harness) {
    let broadcaster = MemoryBroadcaster::new();
    let instance_a = Harness::on(Arc::new(MemoryStore::new()), broadcaster.clone());
    let instance_b = Harness::on(Arc::clone(&instance_a.store), broadcaster);
    (instance_a, instance_b)
}

#[tokio::test]
async fn changes_on_one_instance_reach_viewers_of_the_other() {
    let (instance_a, instance_b) = pair();
    let poll = instance_a.create_poll().await;
    let mut watch = instance_b.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    instance_a
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let update = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    assert_eq!(&*update.vote_sample, [poll.options[0].id]);
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    instance_a
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    assert_eq!(
        frame_of_kind(&mut watch, FrameKind::Changed)
            .await
            .poll
            .title,
        "Dinner?"
    );
    instance_a
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Closed).await;
    instance_a
        .engine
        .delete_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Deleted).await;
}

#[tokio::test]
async fn viewers_are_summed_over_all_instances() {
    let (instance_a, instance_b) = pair();
    let poll = instance_a.create_poll().await;
    let mut one = instance_a.watch(poll.id, &browser(1)).await;
    let mut two = instance_b.watch(poll.id, &browser(2)).await;
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
    let instance_a = Harness::new();
    let instance_b = Harness::on(Arc::clone(&instance_a.store), MemoryBroadcaster::new());
    let poll = instance_a.create_poll().await;
    let mut watch = instance_b.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    instance_a
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    instance_a
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Closed).await;
    instance_a
        .engine
        .delete_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    frame_of_kind(&mut watch, FrameKind::Deleted).await;
}
