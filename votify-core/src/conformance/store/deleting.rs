//! Deleting a poll with its ballots.

use std::sync::Arc;

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, voter};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;
use crate::poll::{Poll, PollChange, SealCause};
use crate::store::{PageRequest, PollFilter, StoreError, StoreExt};

/// Asserts that a poll is unknown to every method and that none of its data is stored.
pub(crate) async fn assert_unknown(harness: &Harness, poll: &Poll) {
    let store = harness.store();
    let not_found =
        |error: StoreError| matches!(error, StoreError::PollNotFound(id) if id == poll.id);
    assert_eq!(
        store.polls(&[poll.id]).await.expect("polls succeeds"),
        [None]
    );
    assert_eq!(
        store.tallies(&[poll.id]).await.expect("tallies succeeds"),
        [None]
    );
    assert_eq!(harness.active_ballot(poll, 1).await, None);
    assert_eq!(harness.streamed_ballots(poll).await, []);
    let cast = harness.cast(&ballot(poll, 1, 1, 0), at(9)).await;
    assert_eq!(cast, Outcome::Refused(Refusal::PollNotFound));
    let change = PollChange::default();
    assert!(
        store
            .change_poll(poll.id, &change, at(9))
            .await
            .is_err_and(not_found)
    );
    let seal = store.seal_poll(poll.id, SealCause::Owner, at(9)).await;
    assert!(seal.is_err_and(not_found));
    assert!(store.audit_poll(poll.id).await.is_err_and(not_found));
    assert!(store.repair_poll(poll.id).await.is_err_and(not_found));
    assert!(store.delete_poll(poll.id).await.is_err_and(not_found));
    assert!(
        store
            .delete_unused_poll(poll.id)
            .await
            .is_err_and(not_found)
    );
}

/// Deleting a poll deletes its tally and ballots and affects no other poll.
pub async fn deleted_poll_is_unknown(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (deleted_poll, sealed) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(draft()).await,
    );
    let (empty, other) = (
        harness.create_poll(draft()).await,
        harness.create_poll(draft()).await,
    );
    for poll in [&deleted_poll, &sealed, &other] {
        harness.cast(&ballot(poll, 1, 1, 0), at(1)).await;
    }
    harness.cast(&ballot(&deleted_poll, 1, 2, 1), at(2)).await;
    harness.close(&sealed, at(3)).await;
    for poll in [&deleted_poll, &sealed, &empty] {
        let deleted = harness.store().delete_poll(poll.id).await;
        deleted.expect("delete_poll succeeds");
        assert_unknown(&harness, poll).await;
    }
    assert_eq!(harness.counts(&other).await, [1, 0, 0]);
    harness.assert_consistent(&other).await;
    let filter = PollFilter::default();
    harness
        .assert_listed(&filter, &PageRequest::FIRST, at(4), &[&other], 1)
        .await;
}

/// Deleting an unknown poll is an error.
pub async fn deleting_an_unknown_poll_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    assert_unknown(&harness, &harness.unknown_poll(draft())).await;
}

/// Each ballot, edit and seal concurrent with a deletion precedes it or finds no
/// poll. Afterwards nothing is stored.
pub async fn concurrent_deletion_leaves_no_ballots(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for _ in 0..6 {
        let poll = harness.create_poll(revote_draft()).await;
        let tasks = (0..16_u32).map(|n| {
            let (store, poll) = (Arc::clone(&stores[n as usize % 2]), poll.clone());
            async move {
                let found = |error| match error {
                    StoreError::PollNotFound(id) if id == poll.id => {}
                    other => panic!("{other:?}"),
                };
                match n {
                    5 => store
                        .delete_poll(poll.id)
                        .await
                        .expect("the poll exists until this deletion"),
                    9 => {
                        let title = change_with(|change| change.title = Some("x".into()));
                        let changed = store.change_poll(poll.id, &title, at(1)).await;
                        changed.map_or_else(found, |_| ());
                    }
                    12 => {
                        let repaired = store.repair_poll(poll.id).await;
                        repaired.map_or_else(found, |_| ());
                    }
                    _ => {
                        let votes = [ballot(&poll, n, n, 0), ballot(&poll, 99, n, 1)];
                        let receipt = store.cast_ballots(&votes, at(1)).await;
                        let outcomes: Vec<_> = receipt
                            .outcomes
                            .into_iter()
                            .map(|outcome| {
                                outcome.expect("the part precedes the deletion or follows it")
                            })
                            .collect();
                        let poll_not_found = Outcome::Refused(Refusal::PollNotFound);
                        assert!(
                            outcomes.iter().all(Outcome::changed_tally)
                                || outcomes.iter().all(|outcome| *outcome == poll_not_found),
                            "a part must be counted entirely or find no poll: {outcomes:?}"
                        );
                    }
                }
            }
        });
        run_concurrently(tasks.collect()).await;
        assert_unknown(&harness, &poll).await;
        let voters: Vec<_> = (0..100).map(voter).collect();
        let left = harness.store().ballots_of(poll.id, &voters).await;
        assert!(
            left.expect("ballots_of succeeds")
                .iter()
                .all(Option::is_none)
        );
    }
}
