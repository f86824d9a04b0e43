//! The interval between updates to other instances, with paused time.

use std::sync::Mutex;

use tokio::time::{Instant, sleep};

use super::*;
use crate::broadcast::{BroadcastError, DeliveryStream, Topic, Update};
use crate::poll::PollChange;
use crate::voter::Actor;

const INTERVAL: Duration = Duration::from_millis(50);

/// A broadcaster that records each published update and its time.
#[derive(Debug, Clone, Default)]
struct Recorder {
    inner: MemoryBroadcaster,
    published: Arc<Mutex<Vec<(Instant, Update)>>>,
}

#[async_trait::async_trait]
impl Broadcaster for Recorder {
    fn backend(&self) -> &'static str {
        "recorder"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        let now = Instant::now();
        let recorded = updates.iter().map(|update| (now, update.clone()));
        self.published.lock().unwrap().extend(recorded);
        self.inner.publish(updates).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        self.inner.subscribe(topic).await
    }
}

#[tokio::test(start_paused = true)]
async fn counts_viewers_and_edits_share_one_message_per_interval() {
    let recorder = Recorder::default();
    let harness = Harness::on(Arc::new(MemoryStore::new()), recorder.clone());
    let poll = harness
        .create_poll_with(|draft| draft.rules.revote = true)
        .await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    let voting = async {
        for n in 0..=250 {
            for _ in 0..20 {
                let voted = harness
                    .engine
                    .vote(poll.id, &browser(n), first_option(&poll))
                    .await;
                voted.unwrap();
                sleep(Duration::from_millis(2)).await;
            }
            if n % 50 == 25 {
                let change = PollChange {
                    title: Some(format!("Lunch {n}?")),
                    ..PollChange::default()
                };
                let changed = harness
                    .engine
                    .change_poll(poll.id, change, Actor::Host)
                    .await;
                changed.unwrap();
            }
        }
        sleep(INTERVAL * 4).await;
    };
    let watching = async { while watch.next().await.is_some() {} };
    tokio::select! {
        () = voting => {}
        () = watching => {}
    }
    let published = std::mem::take(&mut *recorder.published.lock().unwrap());
    for pair in published.windows(2) {
        let pause = pair[1].0 - pair[0].0;
        assert!(
            pause >= INTERVAL,
            "{pause:?} between two updates of one poll"
        );
    }
    let count = |wanted: fn(&Update) -> bool| {
        let updates = published.iter().map(|(_, update)| update);
        updates.filter(|update| wanted(update)).count()
    };
    // The votes take about 10 s.
    assert!(count(|update| matches!(update, Update::Viewers { .. })) >= 4);
    assert_eq!(
        count(|update| matches!(update, Update::DefinitionChanged { .. })),
        5
    );
    assert!(count(|update| matches!(update, Update::TallyChanged { .. })) >= 150);
    let (_, last) = published.last().unwrap();
    let newest = harness.store.tallies(&[poll.id]).await.unwrap().pop();
    let newest = newest.flatten().unwrap();
    assert!(
        matches!(last, Update::TallyChanged { tally, .. } if *tally == newest),
        "the last update is not the newest state: {last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_update_follows_a_deletion() {
    let recorder = Recorder::default();
    let harness = Harness::on(Arc::new(MemoryStore::new()), recorder.clone());
    let poll = harness.create_poll().await;
    for n in 0..2 {
        let voted = harness
            .engine
            .vote(poll.id, &browser(n), first_option(&poll))
            .await;
        voted.unwrap();
        tokio::task::yield_now().await;
    }
    harness
        .engine
        .delete_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    sleep(INTERVAL * 4).await;
    let published = std::mem::take(&mut *recorder.published.lock().unwrap());
    let (_, last) = published.last().unwrap();
    assert!(matches!(last, Update::Deleted { .. }), "{last:?}");
    assert_eq!(harness.engine.inner.notifier.update_sender.poll_count(), 0);
}
