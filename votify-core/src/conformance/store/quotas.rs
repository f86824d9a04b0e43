//! Law 11: the number of active ballots from one address.

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{
    address, at, ballot, draft, from_address, revote_draft, with_address_quota, withdrawal,
};
use crate::conformance::store::concurrency::cast_batch;
use crate::conformance::store::harness::Harness;
use crate::poll::Poll;
use crate::voter::AddressId;

const EXHAUSTED: Outcome = Outcome::Refused(Refusal::AddressQuota);

/// Returns a vote of the voter with this number from the address with this number.
fn vote(poll: &Poll, voter: u32, address_number: u8) -> Ballot {
    from_address(address_number, ballot(poll, voter, voter, 0))
}

/// Law 11: ballots above an address's quota are refused and change nothing. Each
/// address has a quota of its own.
pub async fn quota_limits_ballots_per_address(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(with_address_quota(2, draft())).await;
    for (voter, revision) in [(1, 1), (2, 2)] {
        let outcome = harness.cast(&vote(&poll, voter, 1), at(1)).await;
        assert_eq!(outcome, Outcome::Counted { revision });
    }
    let late = vote(&poll, 3, 1);
    assert_eq!(harness.cast(&late, at(1)).await, EXHAUSTED);
    assert_eq!(harness.cast(&late, at(2)).await, EXHAUSTED);
    assert_eq!(harness.active_ballot(&poll, 3).await, None);
    let elsewhere = harness.cast(&vote(&poll, 3, 2), at(3)).await;
    assert_eq!(elsewhere, Outcome::Counted { revision: 3 });
    let active = harness
        .active_ballot(&poll, 3)
        .await
        .expect("the voter has an active ballot");
    assert_eq!(active.ballot.address, None, "reads do not return addresses");
    harness.assert_consistent(&poll).await;
}

/// Law 2: a batch is evaluated ballot by ballot, even if it exhausts an address's
/// quota.
pub async fn quota_holds_within_a_batch(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (poll, other) = (
        harness.create_poll(with_address_quota(2, draft())).await,
        harness.create_poll(draft()).await,
    );
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    let batch = [
        vote(&poll, 2, 1),
        vote(&other, 2, 1),
        vote(&poll, 3, 1),
        vote(&poll, 4, 2),
        vote(&other, 3, 1),
        vote(&poll, 5, 1),
    ];
    let counted = |revision| Outcome::Counted { revision };
    let expected = [
        counted(2),
        counted(1),
        EXHAUSTED,
        counted(3),
        counted(2),
        EXHAUSTED,
    ];
    assert_eq!(harness.cast_all(&batch, at(2)).await, expected);
    harness.assert_consistent(&poll).await;
}

/// A revote needs no quota slot of its own, from any address, and its voter keeps the
/// first one.
pub async fn revote_keeps_its_quota_slot(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness
        .create_poll(with_address_quota(1, revote_draft()))
        .await;
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    harness.cast(&vote(&poll, 2, 2), at(1)).await;
    let moved = from_address(2, ballot(&poll, 1, 11, 1));
    assert_eq!(
        harness.cast(&moved, at(2)).await,
        Outcome::Replaced { revision: 3 }
    );
    assert_eq!(harness.cast(&vote(&poll, 3, 1), at(3)).await, EXHAUSTED);
    let withdrawn = from_address(2, withdrawal(&poll, 1, 12));
    assert_eq!(
        harness.cast(&withdrawn, at(4)).await,
        Outcome::Withdrawn { revision: 4 }
    );
    assert_eq!(harness.cast(&vote(&poll, 4, 2), at(5)).await, EXHAUSTED);
    assert_eq!(
        harness.cast(&vote(&poll, 3, 1), at(5)).await,
        Outcome::Counted { revision: 5 }
    );
    harness.assert_consistent(&poll).await;
}

/// A withdrawal releases exactly one quota slot.
pub async fn withdrawal_releases_its_quota_slot(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness
        .create_poll(with_address_quota(2, revote_draft()))
        .await;
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    harness.cast(&vote(&poll, 2, 1), at(1)).await;
    assert_eq!(harness.cast(&vote(&poll, 3, 1), at(2)).await, EXHAUSTED);
    harness
        .cast(&from_address(1, withdrawal(&poll, 1, 11)), at(3))
        .await;
    assert_eq!(
        harness.cast(&vote(&poll, 3, 1), at(4)).await,
        Outcome::Counted { revision: 4 }
    );
    let next_vote = from_address(1, ballot(&poll, 1, 12, 0));
    assert_eq!(harness.cast(&next_vote, at(5)).await, EXHAUSTED);
    harness.assert_consistent(&poll).await;
}

/// A voter who withdraws and votes again in one batch uses a slot of the second
/// address.
pub async fn quota_slot_is_reused_within_a_batch(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness
        .create_poll(with_address_quota(1, revote_draft()))
        .await;
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    let batch = [
        from_address(1, withdrawal(&poll, 1, 11)),
        from_address(2, ballot(&poll, 1, 12, 1)),
        vote(&poll, 2, 1),
        vote(&poll, 3, 2),
    ];
    let expected = [
        Outcome::Withdrawn { revision: 2 },
        Outcome::Counted { revision: 3 },
        Outcome::Counted { revision: 4 },
        EXHAUSTED,
    ];
    assert_eq!(harness.cast_all(&batch, at(2)).await, expected);
    assert_eq!(harness.cast(&vote(&poll, 4, 1), at(3)).await, EXHAUSTED);
    assert_eq!(harness.cast(&vote(&poll, 5, 2), at(3)).await, EXHAUSTED);
    harness.assert_consistent(&poll).await;
}

/// Law 8: an accepted ballot is replayed, even if its address's quota is exhausted.
pub async fn exhausted_address_still_replays(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(with_address_quota(1, draft())).await;
    let first = vote(&poll, 1, 1);
    harness.cast(&first, at(1)).await;
    let replayed = Outcome::Replayed { revision: 1 };
    assert_eq!(harness.cast(&first, at(2)).await, replayed);
    let batch = [vote(&poll, 2, 1), first];
    assert_eq!(harness.cast_all(&batch, at(3)).await, [EXHAUSTED, replayed]);
    harness.assert_consistent(&poll).await;
}

/// A ballot whose address was not derived under the poll's quota is refused, so that
/// the caller is identified again.
pub async fn address_of_another_quota_is_refused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(with_address_quota(1, draft())).await;
    let other_prefix = Ballot {
        address: Some(AddressId::new(24, [1; 15])),
        ..ballot(&poll, 1, 1, 0)
    };
    for sent in [ballot(&poll, 1, 1, 0), other_prefix] {
        let outcome = harness.cast(&sent, at(1)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::OutdatedIdentity));
    }
    let outcome = harness.cast(&vote(&poll, 1, 1), at(1)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    harness.assert_consistent(&poll).await;
}

/// A poll without a quota accepts any number of ballots per address.
pub async fn without_quota_addresses_are_ignored(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let votes: Vec<Ballot> = (0..20).map(|voter| vote(&poll, voter, 1)).collect();
    let outcomes = harness.cast_all(&votes, at(1)).await;
    assert!(outcomes.iter().all(Outcome::changed_tally), "{outcomes:?}");
    harness.assert_consistent(&poll).await;
}

/// Laws 5 and 11: of many concurrent voters from one address, exactly as many count
/// as its quota allows.
pub async fn concurrent_ballots_respect_the_quota(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..8 {
        let poll = harness.create_poll(with_address_quota(5, draft())).await;
        let tasks = (0..24_u32).map(|voter| {
            let address_number = u8::from(voter % 3 == 0);
            cast_batch(
                &stores[voter as usize % 2],
                vec![vote(&poll, voter, address_number)],
                at(1),
            )
        });
        let outcomes = run_concurrently(tasks.collect()).await.concat();
        for address_number in 0..2 {
            let of_address = (0..).zip(&outcomes);
            let of_address =
                of_address.filter(|(voter, _)| u8::from(voter % 3 == 0) == address_number);
            let (counted, rest): (Vec<_>, Vec<_>) =
                of_address.partition(|(_, outcome)| outcome.changed_tally());
            assert_eq!(counted.len(), 5, "round {round}: {outcomes:?}");
            assert!(
                rest.iter().all(|(_, outcome)| **outcome == EXHAUSTED),
                "round {round}: {outcomes:?}"
            );
        }
        assert_eq!(harness.tally(&poll).await.total_votes, 10);
        harness.assert_consistent(&poll).await;
    }
}

/// An exhausted quota is exhausted for other instances too, and after the store is
/// reopened.
pub async fn quota_usage_survives_reopening(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(with_address_quota(1, draft())).await;
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    let second_store = harness.second_store().await;
    let outcomes = cast_batch(&second_store, vec![vote(&poll, 2, 1)], at(2)).await;
    assert_eq!(outcomes, [EXHAUSTED]);
    drop(second_store);
    let Some(harness) = harness.reopen().await else {
        return;
    };
    assert_eq!(harness.cast(&vote(&poll, 2, 1), at(3)).await, EXHAUSTED);
    let outcome = harness.cast(&vote(&poll, 2, 2), at(3)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 2 });
    harness.assert_consistent(&poll).await;
}

/// Deleting a poll deletes its quota usage: a poll created again under the same id
/// has its whole quota.
pub async fn recreated_poll_has_its_whole_quota(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness
        .create_poll(with_address_quota(1, revote_draft()))
        .await;
    harness.cast(&vote(&poll, 1, 1), at(1)).await;
    let deleted = harness.store().delete_poll(poll.id).await;
    deleted.expect("delete_poll succeeds");
    let created = harness.store().create_poll(&poll).await;
    created.expect("the id of a deleted poll is free");
    let outcome = harness.cast(&vote(&poll, 2, 1), at(2)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    let withdrawn = Ballot {
        address: Some(address(1)),
        ..withdrawal(&poll, 2, 11)
    };
    harness.cast(&withdrawn, at(3)).await;
    let outcome = harness.cast(&vote(&poll, 1, 1), at(4)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 3 });
    harness.assert_consistent(&poll).await;
}
