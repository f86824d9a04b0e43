//! How often the other nodes are told of a poll, by a clock that the test moves.

use std::sync::Mutex;

use tokio::time::{Instant, sleep};

use super::*;
use crate::broadcast::{BroadcastError, DeliveryStream, Topic, Update};
use crate::poll::PollChange;

const TICK: Duration = Duration::from_millis(50);

/// Writes down what is published, and when.
#[derive(Debug, Clone, Default)]
struct Recorder {
    carrier: MemoryBroadcaster,
    published: Arc<Mutex<Vec<(Instant, Update)>>>,
}

#[async_trait::async_trait]
impl Broadcaster for Recorder {
    fn backend(&self) -> &'static str {
        "recorder"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        let now = Instant::now();
        let said = updates.iter().map(|update| (now, update.clone()));
        self.published.lock().unwrap().extend(said);
        self.carrier.publish(updates).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        self.carrier.subscribe(topic).await
    }
}

#[tokio::test(start_paused = true)]
async fn counts_viewers_and_edits_of_a_poll_share_one_message_a_tick() {
    let recorder = Recorder::default();
    let world = World::on(Arc::new(MemoryStore::new()), recorder.clone());
    let poll = world.poll(|draft| draft.rules.revote = true).await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    let voting = async {
        for n in 0..=250 {
            for _ in 0..20 {
                let voted = world.engine.vote(poll.id, &browser(n), first(&poll)).await;
                voted.unwrap();
                sleep(Duration::from_millis(2)).await;
            }
            if n % 50 == 25 {
                let change = PollChange {
                    title: Some(format!("Lunch {n}?")),
                    ..PollChange::default()
                };
                let changed = world.engine.change_poll(poll.id, change, &browser(1)).await;
                changed.unwrap();
            }
        }
        sleep(TICK * 4).await;
    };
    let watching = async { while watch.next().await.is_some() {} };
    tokio::select! {
        () = voting => {}
        () = watching => {}
    }
    let published = std::mem::take(&mut *recorder.published.lock().unwrap());
    for pair in published.windows(2) {
        let pause = pair[1].0 - pair[0].0;
        assert!(pause >= TICK, "{pause:?} between two messages of one poll");
    }
    let count = |wanted: fn(&Update) -> bool| {
        let updates = published.iter().map(|(_, update)| update);
        updates.filter(|update| wanted(update)).count()
    };
    // Ten seconds of votes.
    assert!(count(|update| matches!(update, Update::Viewers { .. })) >= 4);
    assert_eq!(
        count(|update| matches!(update, Update::PollChanged { .. })),
        5
    );
    assert!(count(|update| matches!(update, Update::TallyChanged { .. })) >= 150);
    let (_, last) = published.last().unwrap();
    let newest = world.store.tallies(&[poll.id]).await.unwrap().pop();
    let newest = newest.flatten().unwrap();
    assert!(
        matches!(last, Update::TallyChanged { tally, .. } if *tally == newest),
        "the newest state is told last: {last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_a_poll_after_its_deletion() {
    let recorder = Recorder::default();
    let world = World::on(Arc::new(MemoryStore::new()), recorder.clone());
    let poll = world.lunch().await;
    for n in 0..2 {
        let voted = world.engine.vote(poll.id, &browser(n), first(&poll)).await;
        voted.unwrap();
        tokio::task::yield_now().await;
    }
    world.engine.delete_poll(poll.id).await.unwrap();
    sleep(TICK * 4).await;
    let published = std::mem::take(&mut *recorder.published.lock().unwrap());
    let (_, last) = published.last().unwrap();
    assert!(matches!(last, Update::Deleted { .. }), "{last:?}");
    assert_eq!(world.engine.inner.herald.announcer.polls(), 0);
}
