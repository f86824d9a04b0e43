//! Instances that believe the same of the same polls, and cast at once.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::Barrier;
use votify_core::poll::SealCause;
use votify_core::{Ballot, Outcome, Poll, PollChange, Refusal, Store};
use votify_sqlx::PostgresStore;

use crate::ballots::{NOW, ballot, poll, votes};
use crate::scene::Scene;

const ROUNDS: u32 = 40;
const INSTANCES: u32 = 3;

/// One voter of each instance for each poll, and one voter who comes to all instances.
fn batch(polls: &[Poll], instance: u32) -> Vec<Ballot> {
    let own = polls.iter().map(|poll| ballot(poll, instance));
    let same = polls.iter().map(|poll| Ballot {
        id: ballot(poll, 100 + instance).id,
        ..ballot(poll, 99)
    });
    own.chain(same).collect()
}

/// An edit, a recount or a seal of the middle one.
async fn meddle(store: &PostgresStore, poll: &Poll, round: u32) {
    match round % 4 {
        0 => {
            let title = Some(format!("Round {round}"));
            let change = PollChange {
                title,
                ..PollChange::default()
            };
            store.change_poll(poll.id, &change, NOW).await.unwrap();
        }
        1 => drop(store.repair_poll(poll.id).await.unwrap()),
        2 => drop(
            store
                .seal_poll(poll.id, SealCause::Owner, NOW)
                .await
                .unwrap(),
        ),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_believe_the_same_count_everybody_once() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let meddler = scene.store().await;
    for round in 0..ROUNDS {
        let polls = [
            poll(&meddler).await,
            poll(&meddler).await,
            poll(&meddler).await,
        ];
        let start = Arc::new(Barrier::new(INSTANCES as usize + 1));
        let instances = (0..INSTANCES).map(|instance| {
            let (url, polls, start) = (scene.url().to_owned(), polls.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                // Each opens its own, that has lost no race so far, and has seen the polls.
                let store = PostgresStore::connect(&url).await.unwrap();
                let ids = polls.each_ref().map(|poll| poll.id);
                store.polls(&ids).await.unwrap();
                start.wait().await;
                let receipt = store.cast_ballots(&batch(&polls, instance), NOW).await;
                let again = store.cast_ballots(&batch(&polls, instance), NOW).await;
                store.close().await;
                (receipt, again)
            })
        });
        let instances: Vec<_> = instances.collect();
        start.wait().await;
        meddle(&meddler, &polls[1], round).await;
        let mut effective = [0; 3];
        let mut same = [0; 3];
        for task in join_all(instances).await {
            let (receipt, again) = task.unwrap();
            let outcomes = receipt.outcomes.into_iter().zip(again.outcomes);
            for (place, (first, second)) in outcomes.enumerate() {
                let (first, second) = (first.unwrap(), second.unwrap());
                let (poll, is_own) = (place % 3, place < 3);
                match first {
                    Outcome::Counted { revision } => {
                        effective[poll] += 1;
                        same[poll] += u64::from(!is_own);
                        assert_eq!(second, Outcome::Replayed { revision });
                    }
                    Outcome::Refused(Refusal::AlreadyVoted) if !is_own => {}
                    Outcome::Refused(Refusal::Closed) if poll == 1 && round % 4 == 2 => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        for (place, poll) in polls.iter().enumerate() {
            assert_eq!(votes(&meddler, poll).await, effective[place]);
            if place != 1 || round % 4 != 2 {
                assert_eq!(
                    (effective[place], same[place]),
                    (u64::from(INSTANCES) + 1, 1)
                );
            }
        }
    }
}
