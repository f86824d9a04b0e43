//! Reading ballots: order, completeness, and reads concurrent with writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;

use crate::ballot::Ballot;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{
    at, ballot, ballot_id, draft, revote_draft, voter, withdrawal,
};
use crate::conformance::store::harness::Harness;

/// More than the page size of any store, so that streams read several pages.
const MANY: u32 = 2_500;

async fn poll_with_many_ballots(harness: &Harness) -> crate::Poll {
    let poll = harness.create_poll(revote_draft()).await;
    let ballots: Vec<Ballot> = (0..MANY)
        .map(|n| ballot(&poll, n, n, n as usize % 3))
        .collect();
    harness.cast_all(&ballots, at(1)).await;
    poll
}

/// The stream has every active ballot once, ordered by revision, even after
/// replacements and withdrawals.
pub async fn ballot_stream_is_complete_and_ordered(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = poll_with_many_ballots(&harness).await;
    let mut expected = BTreeMap::new();
    let mut later = Vec::new();
    for n in 0..MANY {
        let sent = match n % 14 {
            0 => ballot(&poll, n, MANY + n, 0),
            7 => withdrawal(&poll, n, MANY + n),
            _ => ballot(&poll, n, n, n as usize % 3),
        };
        if n % 7 == 0 {
            later.push(sent.clone());
        }
        if !sent.choice.is_withdrawal() {
            expected.insert(sent.voter, (sent, at(if n % 7 == 0 { 2 } else { 1 })));
        }
    }
    harness.cast_all(&later, at(2)).await;
    let streamed = harness.streamed_ballots(&poll).await;
    assert!(streamed.is_sorted_by(|a, b| a.revision < b.revision));
    assert_eq!(
        streamed.len(),
        expected.len(),
        "every active ballot, no voter twice"
    );
    for active in streamed {
        let sent = expected.remove(&active.ballot.voter);
        assert_eq!(sent, Some((active.ballot, active.cast_at)));
    }
    harness.assert_consistent(&poll).await;
}

/// An unknown poll has no ballots.
pub async fn unknown_poll_has_no_ballots(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let unknown = harness.unknown_poll(draft());
    assert_eq!(harness.streamed_ballots(&unknown).await, []);
    let of = harness
        .store()
        .ballots_of(unknown.id, &[voter(1), voter(2)])
        .await;
    assert_eq!(of.expect("ballots_of succeeds"), [None, None]);
}

/// `ballots_of` returns its results in the order of the voters, for any number of
/// them, and only of this poll.
pub async fn ballots_of_follows_argument_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (poll, other) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let sent: Vec<Ballot> = (0..500).map(|n| ballot(&poll, 2 * n, n, 1)).collect();
    harness.cast_all(&sent, at(1)).await;
    harness.cast(&ballot(&other, 1, 1, 2), at(1)).await;
    let numbers: Vec<u32> = (0..1_500).rev().chain([4, 4]).collect();
    let voters: Vec<_> = numbers.iter().copied().map(voter).collect();
    let result = harness.store().ballots_of(poll.id, &voters).await;
    let result = result.expect("ballots_of succeeds");
    assert_eq!(result.len(), numbers.len());
    for (number, active) in numbers.into_iter().zip(result) {
        if number % 2 == 0 && number < 1_000 {
            let active = active.expect("the voter has an active ballot");
            assert_eq!(active.ballot, ballot(&poll, number, number / 2, 1));
            assert_eq!(active.revision, u64::from(number / 2) + 1);
        } else {
            assert_eq!(active, None, "voter {number}");
        }
    }
    let empty = harness.store().ballots_of(poll.id, &[]).await;
    assert_eq!(empty.expect("ballots_of succeeds"), []);
}

/// `accepted` returns true for active and superseded ballots and for withdrawals of the
/// given voter in the given poll, and for no other.
pub async fn accepted_ballots_are_recognized(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (revotes, no_revotes) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(draft()).await,
    );
    let sent = [
        ballot(&revotes, 1, 1, 0),
        ballot(&revotes, 1, 2, 1),
        ballot(&revotes, 2, 3, 0),
        withdrawal(&revotes, 2, 4),
        withdrawal(&revotes, 2, 5),
        ballot(&no_revotes, 1, 6, 0),
        ballot(&no_revotes, 1, 7, 1),
    ];
    harness.cast_all(&sent, at(1)).await;
    let accepted = async |poll: &crate::Poll, asked: &[(u32, u32)]| {
        let ballots: Vec<_> = asked
            .iter()
            .map(|(number, id)| (voter(*number), ballot_id(*id)))
            .collect();
        let accepted = harness.store().accepted(poll.id, &ballots).await;
        accepted.expect("accepted succeeds")
    };
    let asked = [
        (2, 5),
        (2, 4),
        (2, 3),
        (1, 2),
        (1, 1),
        (2, 1),
        (1, 3),
        (1, 1),
    ];
    let expected = [false, true, true, true, true, false, false, true];
    assert_eq!(accepted(&revotes, &asked).await, expected);
    let asked = [(1, 6), (1, 7), (1, 1), (3, 6)];
    let expected = [true, false, false, false];
    assert_eq!(accepted(&no_revotes, &asked).await, expected);
    assert!(accepted(&no_revotes, &[]).await.is_empty());
    let unknown = harness.unknown_poll(draft());
    assert_eq!(accepted(&unknown, &[(1, 6)]).await, [false]);
    harness.close(&revotes, at(2)).await;
    assert_eq!(accepted(&revotes, &[(1, 1), (2, 5)]).await, [true, false]);
    // More than one page of a store.
    let poll = poll_with_many_ballots(&harness).await;
    let asked: Vec<_> = (0..2 * MANY).map(|n| (n % MANY, n)).collect();
    let expected: Vec<_> = (0..2 * MANY).map(|n| n < MANY).collect();
    assert_eq!(accepted(&poll, &asked).await, expected);
}

/// A stream that is read while ballots change has no voter twice, stays ordered and
/// ends.
pub async fn ballot_stream_has_each_voter_once(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = poll_with_many_ballots(&harness).await;
    let store = harness.store();
    let mut ballots = store.ballots(poll.id);
    let mut seen = Vec::new();
    while let Some(active) = ballots.next().await {
        let active = active.expect("the stream has no error");
        // A voter whose ballot was read votes again and gets a later revision.
        if seen.len() % 500 == 0 {
            let id = MANY + u32::try_from(seen.len()).expect("a small number");
            let mut revote = ballot(&poll, 0, id, 2);
            revote.voter = active.ballot.voter;
            let outcome = harness.cast(&revote, at(2)).await;
            assert!(outcome.changed_tally(), "{outcome:?}");
        }
        seen.push(active);
        assert!(seen.len() <= MANY as usize, "no voter occurs twice");
    }
    assert!(seen.is_sorted_by(|a, b| a.revision < b.revision));
    let voters: BTreeSet<_> = seen.iter().map(|s| s.ballot.voter).collect();
    assert_eq!(voters.len(), seen.len(), "no voter twice");
    assert!(
        voters.len() >= MANY as usize - 5,
        "every unchanged ballot is in the stream"
    );
    drop(ballots);
    harness.assert_consistent(&poll).await;
}

/// A stream that is dropped early, or held without being read, blocks no other call.
pub async fn abandoned_stream_blocks_no_one(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = poll_with_many_ballots(&harness).await;
    let store = harness.store();
    let mut held = store.ballots(poll.id);
    assert!(held.next().await.is_some());
    for n in 0..20 {
        let mut dropped = store.ballots(poll.id);
        assert!(dropped.next().await.is_some());
        drop(dropped);
        let outcome = harness
            .cast(&ballot(&poll, MANY + n, MANY + n, 0), at(2))
            .await;
        assert!(outcome.changed_tally(), "{outcome:?}");
    }
    assert_eq!(
        harness.streamed_ballots(&poll).await.len(),
        MANY as usize + 20
    );
    drop(held);
    harness.assert_consistent(&poll).await;
}

/// Law 7: while ballots are cast, each tally and audit is a consistent snapshot, no
/// read is older than the one before, and each position has one tally.
pub async fn readers_see_consistent_states(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    let poll = harness.create_poll(revote_draft()).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for store in &stores {
        let (store, poll, done) = (Arc::clone(store), poll.id, Arc::clone(&done));
        readers.spawn(async move {
            let mut seen = Vec::new();
            // Read once more after the last write.
            let mut last = false;
            while !last {
                last = done.load(Ordering::SeqCst);
                let tallies = store.tallies(&[poll]).await.expect("tallies succeeds");
                seen.extend(tallies.into_iter().flatten());
                let audit = store.audit_poll(poll).await.expect("audit_poll succeeds");
                assert!(
                    audit.is_exact(),
                    "the audit must be a consistent snapshot: {audit:?}"
                );
                seen.push(audit.stored);
            }
            seen
        });
    }
    let writers = (0..4_u32).map(|n| {
        let (store, poll) = (Arc::clone(&stores[n as usize % 2]), poll.clone());
        async move {
            for round in 0..10 {
                let id = 100 * n + round;
                let votes = [
                    ballot(&poll, n, id, id as usize % 3),
                    ballot(&poll, 50 + id, id, 1),
                ];
                store.cast_ballots(&votes, at(1)).await;
            }
        }
    });
    run_concurrently(writers.collect()).await;
    done.store(true, Ordering::SeqCst);
    let mut by_position = HashMap::new();
    for seen in readers.join_all().await {
        assert!(
            seen.is_sorted_by_key(|tally| tally.position),
            "no read is older than the one before"
        );
        for tally in seen {
            let sum: u64 = tally.counts.iter().map(|entry| entry.count).sum();
            assert_eq!(
                sum, tally.total_votes,
                "each ballot chooses one option: {tally:?}"
            );
            let known = by_position.entry(tally.position).or_insert(tally.clone());
            assert_eq!(*known, tally, "each position has one tally");
        }
    }
    assert_eq!(harness.position(&poll).await.revision, 80);
    harness.assert_consistent(&poll).await;
}
