//! Several instances with the same cached state cast at once.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::Barrier;
use votify_core::poll::SealCause;
use votify_core::{Ballot, Outcome, Poll, PollChange, Refusal, Store, StoreExt};
use votify_sqlx::PostgresStore;
use votify_test_support::ballots::{NOW, ballot, poll, votes};

use super::harness::Harness;

const INSTANCES: u32 = 3;

/// Returns ballots of one voter per instance and poll, and of one voter who votes on all
/// instances.
fn batch(polls: &[Poll], instance: u32) -> Vec<Ballot> {
    let own = polls.iter().map(|poll| ballot(poll, instance));
    let shared = polls.iter().map(|poll| Ballot {
        id: ballot(poll, 100 + instance).id,
        ..ballot(poll, 99)
    });
    own.chain(shared).collect()
}

/// Edits, recounts or seals the poll, or does nothing, depending on the round.
async fn interfere(store: &PostgresStore, poll: &Poll, round: u32) {
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
async fn instances_with_equal_caches_count_every_voter_once() {
    // Two rounds of each interference.
    cast_at_once(8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_with_equal_caches_count_every_voter_once_endurance() {
    cast_at_once(40).await;
}

async fn cast_at_once(rounds: u32) {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let interfering = harness.store().await;
    for round in 0..rounds {
        let polls = [
            poll(&interfering).await,
            poll(&interfering).await,
            poll(&interfering).await,
        ];
        let start = Arc::new(Barrier::new(INSTANCES as usize + 1));
        let instances = (0..INSTANCES).map(|instance| {
            let (url, polls, start) = (harness.url().to_owned(), polls.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                // A new store: it has cached the polls, and no earlier conflict makes it
                // take locks.
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
        interfere(&interfering, &polls[1], round).await;
        let mut counted = [0; 3];
        let mut counted_shared = [0; 3];
        for task in join_all(instances).await {
            let (receipt, again) = task.unwrap();
            let outcomes = receipt.outcomes.into_iter().zip(again.outcomes);
            for (index, (first, second)) in outcomes.enumerate() {
                let (first, second) = (first.unwrap(), second.unwrap());
                let (poll, is_shared) = (index % 3, index >= 3);
                match first {
                    Outcome::Counted { revision } => {
                        counted[poll] += 1;
                        counted_shared[poll] += u64::from(is_shared);
                        assert_eq!(second, Outcome::Replayed { revision });
                    }
                    Outcome::Refused(Refusal::AlreadyVoted) if is_shared => {}
                    Outcome::Refused(Refusal::Closed) if poll == 1 && round % 4 == 2 => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        for (index, poll) in polls.iter().enumerate() {
            assert_eq!(votes(&interfering, poll).await, counted[index]);
            if index != 1 || round % 4 != 2 {
                assert_eq!(
                    (counted[index], counted_shared[index]),
                    (u64::from(INSTANCES) + 1, 1)
                );
            }
        }
    }
}
