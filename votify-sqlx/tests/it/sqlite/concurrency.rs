//! Several stores on one file, as in several processes.

use std::collections::HashSet;

use votify_core::{Ballot, BallotId, Choice, Outcome, Refusal};
use votify_test_support::ballots::{NOW, ballot, cast, poll, votes};

use super::harness::Harness;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_count_every_voter_once() {
    let harness = Harness::new();
    let stores = [harness.store().await, harness.store().await];
    let polls = [poll(&stores[0]).await, poll(&stores[0]).await];
    // Both stores cast for the same voters in both polls, with different ballot ids.
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
                    id: BallotId::generate(NOW),
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
async fn a_store_reads_the_votes_of_another_store() {
    let harness = Harness::new();
    let (one, other) = (harness.store().await, harness.store().await);
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
