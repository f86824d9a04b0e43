//! Deleting a poll with its ballots.

use std::sync::Arc;

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, lenient, strict, voter};
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::only;
use crate::conformance::together::together;
use crate::poll::{Poll, PollChange, SealCause};
use crate::store::PageRequest;
use crate::store::{PollFilter, StoreError};

/// A deleted poll is unknown to every method, and nothing of it is left.
async fn assert_gone(scene: &Scene, poll: &Poll) {
    let store = scene.store();
    let not_found =
        |error: StoreError| matches!(error, StoreError::PollNotFound(id) if id == poll.id);
    assert_eq!(
        store.polls(&[poll.id]).await.expect("polls answers"),
        [None]
    );
    assert_eq!(
        store.tallies(&[poll.id]).await.expect("tallies answers"),
        [None]
    );
    assert_eq!(scene.standing(poll, 1).await, None);
    assert_eq!(scene.streamed(poll).await, []);
    let cast = scene.cast(&ballot(poll, 1, 1, 0), at(9)).await;
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
}

/// Deleting takes the poll, its tally and its ballots, and leaves the others alone.
pub async fn a_deleted_poll_is_gone(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let (doomed, sealed) = (scene.poll(lenient()).await, scene.poll(strict()).await);
    let (empty, other) = (scene.poll(strict()).await, scene.poll(strict()).await);
    for poll in [&doomed, &sealed, &other] {
        scene.cast(&ballot(poll, 1, 1, 0), at(1)).await;
    }
    scene.cast(&ballot(&doomed, 1, 2, 1), at(2)).await;
    scene.close(&sealed, at(3)).await;
    for poll in [&doomed, &sealed, &empty] {
        let deleted = scene.store().delete_poll(poll.id).await;
        deleted.expect("the poll is deleted");
        assert_gone(&scene, poll).await;
    }
    assert_eq!(scene.counts(&other).await, [1, 0, 0]);
    scene.assert_sound(&other).await;
    let filter = PollFilter::default();
    scene
        .assert_listed(&filter, &PageRequest::FIRST, at(4), &[&other], 1)
        .await;
}

/// A poll that never was cannot be deleted.
pub async fn an_unknown_poll_cannot_be_deleted(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    assert_gone(&scene, &scene.unknown_poll(strict())).await;
}

/// Ballots, edits and seals that race a deletion come before it or find no poll; afterwards nothing is left.
pub async fn a_deletion_among_ballots_leaves_nothing(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let handles = [scene.store(), scene.another().await];
    for _ in 0..6 {
        let poll = scene.poll(lenient()).await;
        let tasks = (0..16_u32).map(|n| {
            let (store, poll) = (Arc::clone(&handles[n as usize % 2]), poll.clone());
            async move {
                let found = |error| match error {
                    StoreError::PollNotFound(id) if id == poll.id => {}
                    other => panic!("{other:?}"),
                };
                match n {
                    5 => store.delete_poll(poll.id).await.expect("deleted once"),
                    9 => {
                        let title = only(|change| change.title = Some("x".into()));
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
                            .map(|outcome| outcome.expect("decided before or after"))
                            .collect();
                        let gone = Outcome::Refused(Refusal::PollNotFound);
                        assert!(
                            outcomes.iter().all(Outcome::changed_tally)
                                || outcomes.iter().all(|outcome| *outcome == gone),
                            "a part goes through entirely or finds no poll: {outcomes:?}"
                        );
                    }
                }
            }
        });
        together(tasks.collect()).await;
        assert_gone(&scene, &poll).await;
        let voters: Vec<_> = (0..100).map(voter).collect();
        let left = scene.store().ballots_of(poll.id, &voters).await;
        assert!(
            left.expect("ballots_of answers")
                .iter()
                .all(Option::is_none)
        );
    }
}
