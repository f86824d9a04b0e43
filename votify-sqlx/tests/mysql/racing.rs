//! Several stores on one database, as several processes would be.

use std::collections::HashSet;

use votify_core::{Ballot, Choice, Outcome, Refusal};

use crate::scene::{Scene, ballot, cast, poll, votes};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_count_every_voter_once() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let stores = [scene.store().await, scene.store().await];
    let polls = [poll(&stores[0]).await, poll(&stores[0]).await];
    // Both cast for the same voters, in batches over both polls, each with ballot ids of its own.
    let tasks: Vec<_> = (0..40_u32)
        .map(|task| {
            let store = stores[task as usize % 2].clone();
            let ballots: Vec<Ballot> = (0..50)
                .flat_map(|n| {
                    polls
                        .iter()
                        .map(move |poll| ballot(poll, task / 2 * 25 + n))
                })
                .map(|ballot| Ballot {
                    id: votify_core::BallotId::generate(crate::scene::NOW),
                    ..ballot
                })
                .collect();
            tokio::spawn(async move {
                let outcomes = cast(&store, &ballots).await;
                ballots.into_iter().zip(outcomes).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut counted = HashSet::new();
    let mut revisions = HashSet::new();
    for task in tasks {
        for (ballot, outcome) in task.await.unwrap() {
            match outcome.unwrap() {
                Outcome::Counted { revision } => {
                    assert!(counted.insert((ballot.poll, ballot.voter)));
                    assert!(revisions.insert((ballot.poll, revision)));
                }
                other => assert_eq!(other, Outcome::Refused(Refusal::AlreadyVoted)),
            }
        }
    }
    let voters = 19 * 25 + 50;
    assert_eq!(counted.len(), 2 * voters);
    for poll in &polls {
        assert_eq!(votes(&stores[1], poll).await, voters as u64);
    }
}

#[tokio::test]
async fn what_one_store_wrote_the_other_reads() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (one, other) = (scene.store().await, scene.store().await);
    let poll = poll(&one).await;
    cast(&one, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&other, &poll).await, 1);
    let again = cast(&other, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(again, Outcome::Replayed { revision: 1 });
    let reused = Ballot {
        choice: Choice::one(poll.options[1].id),
        ..ballot(&poll, 1)
    };
    let reused = cast(&other, &[reused]).await.remove(0).unwrap();
    assert_eq!(reused, Outcome::Refused(Refusal::BallotIdReused));
}
