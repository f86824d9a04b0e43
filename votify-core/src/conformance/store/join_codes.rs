//! Join codes: finding polls by code, and reuse of codes.

use std::sync::Arc;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, closing_after, draft};
use crate::conformance::store::harness::Harness;
use crate::id::PollId;
use crate::poll::{JoinCode, Poll, PollDraft};
use crate::store::StoreError;
use crate::time::Timestamp;

/// The time for which a closed poll keeps its code, in seconds.
const KEPT: u64 = JoinCode::KEPT_AFTER_CLOSE.as_secs();

fn with_code(harness: &Harness, code: JoinCode, created_at: u64, draft: PollDraft) -> Poll {
    Poll {
        join_code: Some(code),
        created_at: at(created_at),
        ..harness.unknown_poll(draft)
    }
}

async fn find(harness: &Harness, code: JoinCode, now: Timestamp) -> Option<PollId> {
    let found = harness.store().poll_by_join_code(&code, now).await;
    found.expect("poll_by_join_code succeeds")
}

async fn create(harness: &Harness, poll: &Poll) {
    let created = harness.store().create_poll(poll).await;
    created.expect("create_poll succeeds");
}

async fn assert_taken(harness: &Harness, poll: &Poll) {
    let result = harness.store().create_poll(poll).await;
    assert!(
        matches!(&result, Err(StoreError::JoinCodeTaken(code)) if Some(*code) == poll.join_code),
        "{result:?}"
    );
    let stored = harness.store().polls(&[poll.id]).await;
    assert_eq!(stored.expect("polls succeeds"), [None]);
}

/// A poll is found by its join code until 7 days after its closing time or its seal.
pub async fn join_code_leads_to_its_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let code = |text: &str| text.parse().expect("a join code");
    let (a, b, c) = (code("K7WM3P"), code("K7WM3Q"), code("ABCDEF"));
    let endless = with_code(&harness, a, 0, draft());
    let ending = with_code(&harness, b, 0, closing_after(draft(), 60));
    create(&harness, &endless).await;
    create(&harness, &ending).await;
    harness.create_poll(draft()).await;
    assert_eq!(find(&harness, c, at(1)).await, None);
    assert_eq!(find(&harness, a, at(100 * KEPT)).await, Some(endless.id));
    assert_eq!(find(&harness, b, at(59 + KEPT)).await, Some(ending.id));
    assert_eq!(find(&harness, b, at(60 + KEPT)).await, None);
    harness.close(&endless, at(10)).await;
    harness.close(&ending, at(20)).await;
    for (code, poll, end) in [(a, &endless, 10), (b, &ending, 20)] {
        let found = find(&harness, code, at(end + KEPT - 1)).await;
        assert_eq!(found, Some(poll.id));
        assert_eq!(find(&harness, code, at(end + KEPT)).await, None);
        assert_eq!(harness.stored_poll(poll).await.join_code, Some(code));
    }
}

/// A join code belongs to one poll at a time. When it has expired, a new poll gets it,
/// and the old poll's definition does not change.
pub async fn join_code_belongs_to_one_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let code = JoinCode::random();
    let old = with_code(&harness, code, 0, closing_after(draft(), 60));
    create(&harness, &old).await;
    for created_at in [1, 60, 59 + KEPT] {
        assert_taken(&harness, &with_code(&harness, code, created_at, draft())).await;
    }
    let new = with_code(&harness, code, 60 + KEPT, draft());
    create(&harness, &new).await;
    for now in [1, 60 + KEPT] {
        assert_eq!(find(&harness, code, at(now)).await, Some(new.id));
    }
    assert_eq!(harness.stored_poll(&old).await, old);
    assert_taken(&harness, &with_code(&harness, code, 61 + KEPT, draft())).await;
    // Deleting the old poll does not free the code of the new one.
    let deleted = harness.store().delete_poll(old.id).await;
    deleted.expect("delete_poll succeeds");
    assert_eq!(find(&harness, code, at(60 + KEPT)).await, Some(new.id));
}

/// Deleting a poll frees its join code at once.
pub async fn deletion_frees_the_join_code(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let code = JoinCode::random();
    let old = with_code(&harness, code, 0, draft());
    create(&harness, &old).await;
    let deleted = harness.store().delete_poll(old.id).await;
    deleted.expect("delete_poll succeeds");
    assert_eq!(find(&harness, code, at(1)).await, None);
    let new = with_code(&harness, code, 1, draft());
    create(&harness, &new).await;
    assert_eq!(find(&harness, code, at(1)).await, Some(new.id));
}

/// Of concurrent creations with one join code, one succeeds, and the others store nothing.
pub async fn concurrent_creations_share_no_join_code(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..4 {
        let code = JoinCode::random();
        if round % 2 == 1 {
            let old = with_code(&harness, code, 0, closing_after(draft(), 60));
            create(&harness, &old).await;
        }
        let new = || with_code(&harness, code, 60 + KEPT, draft());
        let polls: Vec<Poll> = (0..8).map(|_| new()).collect();
        let tasks = polls.iter().cloned().enumerate().map(|(n, poll)| {
            let store = Arc::clone(&stores[n % 2]);
            async move {
                match store.create_poll(&poll).await {
                    Ok(()) => true,
                    Err(StoreError::JoinCodeTaken(taken)) if taken == code => false,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let created = run_concurrently(tasks.collect()).await;
        let winners = created.iter().filter(|created| **created);
        assert_eq!(winners.count(), 1, "round {round}");
        let found = find(&harness, code, at(60 + KEPT)).await;
        for (poll, created) in polls.iter().zip(created) {
            let stored = harness.store().polls(&[poll.id]).await;
            let is_stored = stored.expect("polls succeeds") != [None];
            assert_eq!(is_stored, created, "round {round}");
            assert_eq!(found == Some(poll.id), created, "round {round}");
        }
    }
}
