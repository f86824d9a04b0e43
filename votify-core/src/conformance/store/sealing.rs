//! Seals of several polls in one call.

use std::sync::Arc;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, ballot, closing_after, draft};
use crate::conformance::store::harness::Harness;
use crate::id::PollId;
use crate::poll::SealCause;
use crate::store::{SealOutcome, StoreError};

/// One call seals several polls and returns one outcome per id, in order. The ids include
/// due polls after unknown ones, polls that are not due, and repeated ids.
pub async fn seals_follow_argument_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut due = Vec::new();
    for votes in 0..6 {
        let poll = harness.create_poll(closing_after(draft(), 60)).await;
        for voter in 0..votes {
            harness.cast(&ballot(&poll, voter, voter, 0), at(1)).await;
        }
        due.push(poll);
    }
    due.reverse();
    let later = harness.create_poll(closing_after(draft(), 90)).await;
    let endless = harness.create_poll(draft()).await;
    let unknown = harness.unknown_poll(draft());
    let polls = [
        &due[0], &unknown, &due[1], &later, &due[2], &due[0], &endless, &due[3], &unknown, &due[4],
        &due[5],
    ];
    let ids = polls.map(|poll| poll.id);
    let store = harness.store();
    for _ in 0..2 {
        let outcomes = store.seal_polls(&ids, SealCause::Deadline, at(60)).await;
        assert_eq!(outcomes.len(), ids.len(), "one outcome per id");
        for (poll, outcome) in polls.into_iter().zip(outcomes) {
            if poll.id == unknown.id {
                assert!(
                    matches!(&outcome, Err(StoreError::PollNotFound(id)) if *id == unknown.id),
                    "{outcome:?}"
                );
                continue;
            }
            let outcome = outcome.expect("the seal succeeds");
            if poll.id == later.id || poll.id == endless.id {
                assert_eq!(outcome, SealOutcome::NotDue);
                continue;
            }
            let tally = harness.tally(poll).await;
            assert!(tally.sealed, "{tally:?}");
            assert_eq!(outcome, SealOutcome::Sealed(tally));
            assert_eq!(harness.stored_poll(poll).await.version, 1);
        }
    }
    let nothing = store.seal_polls(&[], SealCause::Owner, at(60)).await;
    assert!(nothing.is_empty());
}

/// Concurrent callers seal the same polls, each at another time, in the same order and in
/// different orders. All get the final tally. Each poll is sealed once: afterwards every
/// caller reads the same `sealed_at`.
pub async fn concurrent_seals_agree(fixture: &dyn StoreFixture) {
    const CALLERS: usize = 8;
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..3 {
        let mut ids: Vec<PollId> = Vec::new();
        let mut polls = Vec::new();
        for votes in 0..4 {
            let poll = harness.create_poll(closing_after(draft(), 60)).await;
            for voter in 0..votes {
                harness.cast(&ballot(&poll, voter, voter, 0), at(1)).await;
            }
            ids.push(poll.id);
            polls.push(poll);
        }
        let callers = (0..CALLERS).map(|caller| {
            let (store, mut ids) = (Arc::clone(&stores[caller % 2]), ids.clone());
            if round == 1 {
                ids.rotate_left(caller % 4);
            }
            let now = at(60 + caller as u64);
            async move {
                let outcomes = store.seal_polls(&ids, SealCause::Deadline, now).await;
                let read = store.polls(&ids).await.expect("polls succeeds");
                let results = ids.iter().zip(outcomes).zip(read);
                let mut results: Vec<_> = results
                    .map(|((id, outcome), poll)| {
                        let outcome = outcome.expect("the store retries conflicts itself");
                        (*id, outcome, poll.expect("the poll exists").sealed_at)
                    })
                    .collect();
                results.sort_unstable_by_key(|(id, ..)| *id);
                results
            }
        });
        let results = run_concurrently(callers.collect()).await;
        let mut expected = Vec::new();
        for (votes, poll) in (0..).zip(&polls) {
            let tally = harness.tally(poll).await;
            assert_eq!((tally.position.revision, tally.version), (votes + 1, 1));
            let sealed_at = harness.stored_poll(poll).await.sealed_at;
            expected.push((poll.id, SealOutcome::Sealed(tally), sealed_at));
            harness.assert_consistent(poll).await;
        }
        expected.sort_unstable_by_key(|(id, ..)| *id);
        for found in results {
            assert_eq!(found, expected, "round {round}");
        }
    }
}
