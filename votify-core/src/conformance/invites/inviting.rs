//! Tests of inviting voters, and of the maximum number of invited voters.

use std::sync::Arc;

use crate::ballot::Outcome;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::invites::harness::{
    Harness, UNBOUNDED, count, guests, invite, invites, total,
};
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, ballot};
use crate::store::InviteOutcome;

/// Law 1: invited voters are invited to their poll and to no other one.
pub async fn only_invited_voters_are_invited(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (poll, other) = (harness.create_poll().await, harness.create_poll().await);
    let store = harness.store();
    assert_eq!(count(&store, &poll, &guests(0..9)).await, 0);
    let invited = invite(&store, &poll, &guests(0..5), UNBOUNDED).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 5 });
    let invited = invite(&store, &poll, &guests(5..7), UNBOUNDED).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 7 });
    assert_eq!(count(&store, &poll, &guests(0..7)).await, 7);
    assert_eq!(count(&store, &poll, &guests(7..9)).await, 0);
    assert_eq!(count(&store, &other, &guests(0..9)).await, 0);
    let second = harness.second_store().await;
    assert_eq!(count(&second, &poll, &guests(0..9)).await, 7);
}

/// Law 6: `invited` returns its results in the order of the arguments, repeated ones
/// included, and nothing for no arguments.
pub async fn invited_results_follow_argument_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    let store = harness.store();
    let odd: Vec<u32> = (0..2_000).filter(|number| number % 2 == 1).collect();
    invite(&store, &poll, &guests(odd), UNBOUNDED).await;
    let requested: Vec<u32> = (0..2_000).rev().chain([7, 7, 8]).collect();
    let invited = invites(&store)
        .invited(poll.id, &guests(requested.clone()))
        .await;
    let expected: Vec<bool> = requested.iter().map(|number| number % 2 == 1).collect();
    assert_eq!(invited.expect("invited succeeds"), expected);
    let empty = invites(&store).invited(poll.id, &[]).await;
    assert!(empty.expect("invited succeeds").is_empty());
}

/// Law 1: a voter invited repeatedly, in one call or in several, counts once.
pub async fn repeated_invite_counts_once(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    let store = harness.store();
    for _ in 0..2 {
        let invited = invite(&store, &poll, &guests([1, 2, 2, 3, 1]), UNBOUNDED).await;
        assert_eq!(invited, InviteOutcome::Invited { total: 3 });
    }
    let one_more = invite(&store, &poll, &guests([3, 4]), 4).await;
    assert_eq!(one_more, InviteOutcome::Invited { total: 4 });
    let empty = invite(&store, &poll, &[], 4).await;
    assert_eq!(empty, InviteOutcome::Invited { total: 4 });
}

/// Law 7: `count` returns the number of invited voters of its poll, on every instance, and
/// neither a refused call nor a vote changes it.
pub async fn count_is_the_number_of_invited_voters(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (poll, other) = (harness.create_poll().await, harness.create_poll().await);
    let stores = [harness.store(), harness.second_store().await];
    assert_eq!(total(&stores[0], &poll).await, 0);
    assert_eq!(total(&stores[0], &Harness::unknown_poll()).await, 0);
    invite(&stores[0], &other, &guests(0..3), UNBOUNDED).await;
    for (voters, max, expected) in [
        (guests(0..5), UNBOUNDED, 5),
        (guests([4, 5, 5]), UNBOUNDED, 6),
        (guests(0..1_500), 1_499, 6),
        (guests(0..1_500), 1_500, 1_500),
        (guests([]), UNBOUNDED, 1_500),
    ] {
        invite(&stores[0], &poll, &voters, max).await;
        for store in &stores {
            assert_eq!(total(store, &poll).await, expected);
            assert_eq!(total(store, &other).await, 3);
        }
    }
    let mut vote = ballot(&poll, 1, 1, 0);
    vote.voter = guests([1])[0];
    stores[0].cast_ballots(&[vote], at(1)).await;
    assert_eq!(total(&stores[1], &poll).await, 1_500);
}

/// Laws 1 and 2: a call within the bound invites all of its voters, one beyond it none.
pub async fn invites_beyond_the_bound_invite_no_one(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    let store = harness.store();
    let refused = invite(&store, &poll, &guests(0..11), 10).await;
    assert_eq!(refused, InviteOutcome::TooMany { total: 0 });
    let all = invite(&store, &poll, &guests(0..10), 10).await;
    assert_eq!(all, InviteOutcome::Invited { total: 10 });
    let refused = invite(&store, &poll, &guests([9, 10]), 10).await;
    assert_eq!(refused, InviteOutcome::TooMany { total: 10 });
    let repeated = invite(&store, &poll, &guests(0..10), 10).await;
    assert_eq!(repeated, InviteOutcome::Invited { total: 10 });
    assert_eq!(count(&store, &poll, &guests(0..20)).await, 10);
}

/// One call invites 10 000 voters, the maximum of an engine's call.
pub async fn one_call_invites_ten_thousand(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    let store = harness.store();
    let all = guests(0..10_000);
    let invited = invite(&store, &poll, &all, UNBOUNDED).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 10_000 });
    assert_eq!(count(&store, &poll, &all).await, 10_000);
}

/// Law 2: concurrent calls on two instances fill a poll exactly up to the bound.
pub async fn concurrent_invites_respect_the_bound(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    let poll = harness.create_poll().await;
    let tasks = (0..16_u32).map(|task| {
        let (store, poll) = (Arc::clone(&stores[task as usize % 2]), poll.clone());
        async move { invite(&store, &poll, &guests(task * 10..task * 10 + 10), 100).await }
    });
    let outcomes = run_concurrently(tasks.collect()).await;
    assert_eq!(total(&stores[1], &poll).await, 100);
    let mut totals: Vec<u64> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            InviteOutcome::Invited { total } => Some(*total),
            InviteOutcome::TooMany { .. } => None,
        })
        .collect();
    totals.sort_unstable();
    let sequential: Vec<u64> = (1..=10).map(|calls| calls * 10).collect();
    assert_eq!(totals, sequential, "{outcomes:?}");
    for (task, outcome) in (0..).zip(&outcomes) {
        let invited = count(&stores[0], &poll, &guests(task * 10..task * 10 + 10)).await;
        let expected = if matches!(outcome, InviteOutcome::Invited { .. }) {
            10
        } else {
            0
        };
        assert_eq!(invited, expected, "a call invites all or none");
    }
}

/// Laws 3 and 5: inviting changes neither poll nor tally, and voting keeps invites.
pub async fn inviting_does_not_change_the_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    let store = harness.store();
    let before = store.tallies(&[poll.id]).await.expect("tallies succeeds");
    invite(&store, &poll, &guests(0..3), UNBOUNDED).await;
    let after = store.tallies(&[poll.id]).await.expect("tallies succeeds");
    assert_eq!(after, before);
    let stored = store.polls(&[poll.id]).await.expect("polls succeeds");
    assert_eq!(stored, [Some(poll.clone())]);
    let mut vote = ballot(&poll, 1, 1, 0);
    vote.voter = guests([1])[0];
    let receipt = store.cast_ballots(&[vote], at(1)).await;
    assert!(matches!(
        receipt.outcomes[..],
        [Ok(Outcome::Counted { revision: 1 })]
    ));
    assert_eq!(count(&store, &poll, &guests(0..3)).await, 3, "law 3");
    let audit = store.audit_poll(poll.id).await;
    let audit = audit.expect("audit_poll succeeds");
    assert_eq!(audit.stored, audit.recounted);
}

/// Law 8: invites are stored after the store is reopened.
pub async fn invites_survive_reopening(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll().await;
    invite(&harness.store(), &poll, &guests(0..10), UNBOUNDED).await;
    let Some(harness) = harness.reopen().await else {
        return;
    };
    assert_eq!(count(&harness.store(), &poll, &guests(0..20)).await, 10);
    assert_eq!(total(&harness.store(), &poll).await, 10);
}
