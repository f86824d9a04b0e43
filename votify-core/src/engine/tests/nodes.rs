use super::*;
use crate::engine::live::FrameKind;
use crate::poll::PollChange;

/// Two engines that share a store and a broadcaster.
fn pair() -> (World, World) {
    let broadcaster = MemoryBroadcaster::new();
    let here = World::on(Arc::new(MemoryStore::new()), broadcaster.clone());
    let there = World::on(Arc::clone(&here.store), broadcaster);
    (here, there)
}

#[tokio::test]
async fn what_happens_on_one_node_is_seen_on_the_other() {
    let (here, there) = pair();
    let poll = here.lunch().await;
    let mut watch = there.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    here.engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let seen = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    assert_eq!(&*seen.votes, [poll.options[0].id]);
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    here.engine
        .change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    assert_eq!(
        kind(&mut watch, FrameKind::Changed).await.poll.title,
        "Dinner?"
    );
    here.engine.close_poll(poll.id, &browser(1)).await.unwrap();
    kind(&mut watch, FrameKind::Closed).await;
    here.engine.delete_poll(poll.id).await.unwrap();
    kind(&mut watch, FrameKind::Deleted).await;
}

#[tokio::test]
async fn viewers_are_summed_over_the_nodes() {
    let (here, there) = pair();
    let poll = here.lunch().await;
    let mut one = here.watch(poll.id, &browser(1)).await;
    let mut two = there.watch(poll.id, &browser(2)).await;
    frame_where(&mut one, |frame| frame.viewers == 2).await;
    frame_where(&mut two, |frame| frame.viewers == 2).await;
    drop(two);
    let fewer = tokio::time::timeout(Duration::from_secs(8), async {
        while one.next().await.unwrap().viewers != 1 {}
    });
    fewer.await.expect("a viewer who left is still counted");
}

#[tokio::test]
async fn without_any_news_viewers_are_exact_within_two_seconds() {
    let here = World::new();
    let there = World::on(Arc::clone(&here.store), MemoryBroadcaster::new());
    let poll = here.lunch().await;
    let mut watch = there.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    here.engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    here.engine.close_poll(poll.id, &browser(1)).await.unwrap();
    kind(&mut watch, FrameKind::Closed).await;
    here.engine.delete_poll(poll.id).await.unwrap();
    kind(&mut watch, FrameKind::Deleted).await;
}
