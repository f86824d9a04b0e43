//! Deleting polls without ballots, and counting the polls of browser sessions.

use std::sync::Arc;

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, withdrawal};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::deleting::assert_unknown;
use crate::conformance::store::harness::Harness;
use crate::poll::{JoinCode, Poll, PollDraft};
use crate::store::PollFilter;
use crate::voter::{AccountId, Owner, SessionId};

/// Returns a draft of a browser session.
fn session_draft() -> PollDraft {
    revote_draft().owner(Owner::Session(SessionId::random()))
}

async fn delete_unused(harness: &Harness, poll: &Poll) -> bool {
    let deleted = harness.store().delete_unused_poll(poll.id).await;
    deleted.expect("delete_unused_poll succeeds")
}

/// A poll in which no ballot was counted is deleted, also after an edit, a refused ballot
/// and the seal. Its join code is free afterwards. Other polls are not affected.
pub async fn unused_poll_is_deleted(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut scheduled = session_draft();
    scheduled.opens_at = Some(at(100));
    let (new, edited) = (
        harness.create_poll(session_draft()).await,
        harness.create_poll(session_draft()).await,
    );
    let (closed, refused) = (
        harness.create_poll(session_draft()).await,
        harness.create_poll(scheduled).await,
    );
    let other = harness.create_poll(session_draft()).await;
    let title = change_with(|change| change.title = Some("Dinner?".into()));
    harness.apply_change(&edited, &title, at(1)).await;
    harness.close(&closed, at(2)).await;
    let outcome = harness.cast(&ballot(&refused, 1, 1, 0), at(3)).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    for poll in [&new, &edited, &closed, &refused] {
        assert!(delete_unused(&harness, poll).await, "{poll:?}");
        assert_unknown(&harness, poll).await;
    }
    let other = harness.stored_poll(&other).await;
    harness
        .assert_all_listed(&PollFilter::all(), 4, &[&other])
        .await;

    let code = JoinCode::random();
    let mut with_code = harness.unknown_poll(draft());
    with_code.join_code = Some(code);
    let mut successor = harness.unknown_poll(draft());
    successor.join_code = Some(code);
    let store = harness.store();
    store.create_poll(&with_code).await.expect("a free code");
    assert!(delete_unused(&harness, &with_code).await);
    store.create_poll(&successor).await.expect("a freed code");
}

/// A poll in which a ballot was ever counted is not deleted and does not change, also
/// after the ballot was withdrawn.
pub async fn used_poll_is_kept(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (voted, withdrawn) = (
        harness.create_poll(session_draft()).await,
        harness.create_poll(session_draft()).await,
    );
    harness.cast(&ballot(&voted, 1, 1, 0), at(1)).await;
    harness.cast(&ballot(&withdrawn, 1, 1, 0), at(1)).await;
    harness.cast(&withdrawal(&withdrawn, 1, 2), at(2)).await;
    for (poll, counts) in [(&voted, [1, 0, 0]), (&withdrawn, [0, 0, 0])] {
        let tally = harness.tally(poll).await;
        assert!(!delete_unused(&harness, poll).await, "{poll:?}");
        assert_eq!(harness.tally(poll).await, tally);
        assert_eq!(harness.counts(poll).await, counts);
        harness.assert_consistent(poll).await;
    }
    harness.close(&voted, at(3)).await;
    assert!(!delete_unused(&harness, &voted).await);
    assert_eq!(harness.counts(&voted).await, [1, 0, 0]);
}

/// A ballot concurrent with the deletion of an unused poll is counted and prevents the
/// deletion, or finds no poll.
pub async fn concurrent_ballots_are_counted_or_find_no_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..12_u32 {
        let poll = harness.create_poll(session_draft()).await;
        // The deletion is at another place among the ballots in each round.
        let tasks = (0..12_u32).map(|n| {
            let (store, poll) = (Arc::clone(&stores[n as usize % 2]), poll.clone());
            async move {
                if n == round {
                    let deleted = store.delete_unused_poll(poll.id).await;
                    return (deleted.expect("the poll exists until this deletion"), None);
                }
                let receipt = store.cast_ballots(&[ballot(&poll, n, n, 0)], at(1)).await;
                let outcome = receipt.outcomes.into_iter().next().expect("one outcome");
                (
                    false,
                    Some(outcome.expect("the ballot is counted or refused")),
                )
            }
        });
        let results = run_concurrently(tasks.collect()).await;
        let is_deleted = results.iter().any(|(deleted, _)| *deleted);
        let mut counted = 0;
        for outcome in results.into_iter().filter_map(|(_, outcome)| outcome) {
            if is_deleted {
                assert_eq!(outcome, Outcome::Refused(Refusal::PollNotFound));
            } else {
                assert!(outcome.changed_tally(), "{outcome:?}");
                counted += 1;
            }
        }
        if is_deleted {
            assert_unknown(&harness, &poll).await;
        } else {
            assert_eq!(harness.counts(&poll).await, [counted, 0, 0]);
        }
    }
}

/// Only polls of browser sessions are counted, up to the maximum, whatever their
/// visibility and status. Deleted polls are not counted.
pub async fn session_polls_are_counted(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    harness.assert_session_polls(10, 0).await;
    let account = Owner::Account(AccountId::new("alice"));
    harness.create_poll(draft()).await;
    harness.create_poll(draft().owner(account)).await;
    harness.assert_session_polls(10, 0).await;
    let session = Owner::Session(SessionId::random());
    let (closed, unlisted) = (
        harness.create_poll(draft().owner(session.clone())).await,
        harness
            .create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).owner(session))
            .await,
    );
    let voted = harness.create_poll(session_draft()).await;
    harness.close(&closed, at(1)).await;
    harness.cast(&ballot(&voted, 1, 1, 0), at(1)).await;
    let title = change_with(|change| change.title = Some("Dinner?".into()));
    harness.apply_change(&unlisted, &title, at(1)).await;
    for (max, expected) in [(10, 3), (3, 3), (2, 2), (0, 0)] {
        harness.assert_session_polls(max, expected).await;
    }
    let deleted = harness.store().delete_poll(closed.id).await;
    deleted.expect("delete_poll succeeds");
    harness.assert_session_polls(10, 2).await;
    assert!(delete_unused(&harness, &unlisted).await);
    harness.assert_session_polls(10, 1).await;
}
