//! Concurrent calls, half of them on a second instance with the same data.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ballot::{Ballot, BatchReceipt, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{
    at, ballot, closing_after, draft, one_microsecond_before, revote_draft, voter,
};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;
use crate::poll::{ChangeRefusal, OptionChange, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, Store, StoreExt};
use crate::time::Timestamp;

pub(super) fn cast_batch(
    store: &Arc<dyn Store>,
    ballots: Vec<Ballot>,
    now: Timestamp,
) -> impl Future<Output = Vec<Outcome>> + Send + 'static {
    let store = Arc::clone(store);
    async move { into_outcomes(store.cast_ballots(&ballots, now).await) }
}

/// Returns the outcomes, and asserts law 10: the caller never sees a transient conflict.
fn into_outcomes(receipt: BatchReceipt) -> Vec<Outcome> {
    let outcomes = receipt.outcomes.into_iter();
    outcomes
        .map(|outcome| outcome.expect("the store retries conflicts itself"))
        .collect()
}

/// Law 5: without revote, exactly one of a voter's concurrent ballots counts.
pub async fn concurrent_ballots_of_a_voter_count_once(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..8 {
        let poll = harness.create_poll(draft()).await;
        let tasks = (0..16_u32).map(|n| {
            let vote = ballot(&poll, 1, n, n as usize % 3);
            cast_batch(&stores[n as usize % 2], vec![vote], at(1))
        });
        let outcomes = run_concurrently(tasks.collect()).await.concat();
        let counted = outcomes.iter().filter(|outcome| outcome.changed_tally());
        assert_eq!(counted.count(), 1, "round {round}: {outcomes:?}");
        let refused = Outcome::Refused(Refusal::AlreadyVoted);
        let refused = outcomes.iter().filter(|outcome| **outcome == refused);
        assert_eq!(refused.count(), 15, "round {round}: {outcomes:?}");
        let winner = outcomes.iter().position(Outcome::changed_tally);
        let active = harness
            .active_ballot(&poll, 1)
            .await
            .expect("the voter has an active ballot");
        assert_eq!(
            Some(active.ballot.choice),
            winner.map(|n| ballot(&poll, 1, 1, n % 3).choice),
            "the active ballot is the one with the counted outcome"
        );
        harness.assert_consistent(&poll).await;
    }
}

/// Laws 5 and 8: of many concurrent copies of a ballot one counts, and the others are
/// replays.
pub async fn concurrent_copies_of_a_ballot_are_replayed(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for _ in 0..5 {
        let poll = harness.create_poll(draft()).await;
        let vote = ballot(&poll, 1, 1, 0);
        let tasks = (0..16_usize).map(|n| cast_batch(&stores[n % 2], vec![vote.clone()], at(1)));
        let mut outcomes = run_concurrently(tasks.collect()).await.concat();
        outcomes.sort_by_key(|outcome| !outcome.changed_tally());
        assert_eq!(outcomes[0], Outcome::Counted { revision: 1 });
        for outcome in &outcomes[1..] {
            assert_eq!(*outcome, Outcome::Replayed { revision: 1 });
        }
        harness.assert_consistent(&poll).await;
    }
}

/// Laws 5 and 7: concurrent voters are all counted, each at a revision of its own.
pub async fn concurrent_voters_are_all_counted(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    let poll = harness.create_poll(draft()).await;
    let tasks = (0..20_u32).map(|n| {
        let own = (0..5).map(|k| ballot(&poll, 5 * n + k, 5 * n + k, n as usize % 3));
        cast_batch(&stores[n as usize % 2], own.collect(), at(1))
    });
    let outcomes = run_concurrently(tasks.collect()).await.concat();
    let revisions: BTreeSet<_> = outcomes.iter().filter_map(Outcome::revision).collect();
    assert_eq!(revisions, (1..=100).collect(), "each revision occurs once");
    assert_eq!(harness.tally(&poll).await.total_votes, 100);
    harness.assert_consistent(&poll).await;
}

/// Laws 5, 6 and 7: a voter's concurrent revotes take effect in some order, and the
/// last one is active.
pub async fn concurrent_revotes_leave_the_last_ballot_active(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for _ in 0..4 {
        let poll = harness.create_poll(revote_draft()).await;
        let votes: Vec<Ballot> = (0..16)
            .map(|n| ballot(&poll, 1, n, n as usize % 3))
            .collect();
        let tasks = votes
            .iter()
            .enumerate()
            .map(|(n, vote)| cast_batch(&stores[n % 2], vec![vote.clone()], at(1)));
        let outcomes = run_concurrently(tasks.collect()).await.concat();
        let revisions: BTreeSet<_> = outcomes.iter().filter_map(Outcome::revision).collect();
        assert_eq!(revisions, (1..=16).collect(), "each revision occurs once");
        let last = outcomes
            .iter()
            .position(|outcome| outcome.revision() == Some(16));
        let active = harness
            .active_ballot(&poll, 1)
            .await
            .expect("the voter has an active ballot");
        assert_eq!(Some(&active.ballot), last.map(|n| &votes[n]));
        assert_eq!(active.revision, 16);
        harness.assert_consistent(&poll).await;
    }
}

/// Closing: with concurrent voters and closers, exactly the counted ballots are in
/// the final tally, and all closers receive this tally.
pub async fn counted_ballots_are_in_the_final_tally(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..10_u32 {
        let by_owner = round % 2 == 0;
        let poll = harness.create_poll(closing_after(draft(), 60)).await;
        let (cause, closing_at) = if by_owner {
            (SealCause::Owner, at(10))
        } else {
            (SealCause::Deadline, at(60))
        };
        let tasks = (0..20_u32).map(|n| {
            let store = Arc::clone(&stores[n as usize % 2]);
            let poll = poll.clone();
            async move {
                if n % 7 == 3 {
                    let sealed = store.seal_poll(poll.id, cause, closing_at).await;
                    Err(sealed.expect("seal_poll succeeds"))
                } else {
                    let votes = [ballot(&poll, 2 * n, n, 0), ballot(&poll, 2 * n + 1, n, 1)];
                    let now = one_microsecond_before(closing_at);
                    Ok(into_outcomes(store.cast_ballots(&votes, now).await))
                }
            }
        });
        let (mut counted, mut finals) = (BTreeSet::new(), Vec::new());
        for (n, result) in (0_u32..).zip(run_concurrently(tasks.collect()).await) {
            match result {
                Err(SealOutcome::Sealed(tally)) => finals.push(tally),
                Err(SealOutcome::NotDue) => panic!("the poll must be due at its closing time"),
                Ok(outcomes) => {
                    for (who, outcome) in [2 * n, 2 * n + 1].into_iter().zip(outcomes) {
                        match outcome {
                            Outcome::Counted { .. } => {
                                counted.insert(voter(who));
                            }
                            other => assert_eq!(other, Outcome::Refused(Refusal::Closed)),
                        }
                    }
                }
            }
        }
        let active = harness.streamed_ballots(&poll).await;
        let active: BTreeSet<_> = active.iter().map(|s| s.ballot.voter).collect();
        assert_eq!(active, counted, "round {round}: counted and active ballots");
        let last = harness.tally(&poll).await;
        assert_eq!(last.total_votes, counted.len() as u64, "round {round}");
        for tally in finals {
            assert_eq!(
                tally, last,
                "round {round}: a closer's tally must be the final one"
            );
        }
        harness.assert_consistent(&poll).await;
    }
}

/// Law 10: concurrent batches over the same polls in opposite orders all succeed.
pub async fn batches_in_opposite_order_do_not_deadlock(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    let mut polls = Vec::new();
    for _ in 0..4 {
        polls.push(harness.create_poll(revote_draft()).await);
    }
    for round in 0..5_u32 {
        let tasks = (0..12_u32).map(|n| {
            let id = 100 * round + n;
            // Voter 0 votes in every batch, the other voter in this one only.
            let both = |poll| [ballot(poll, 0, id, 0), ballot(poll, 1 + id, id, 1)];
            let mut votes: Vec<Ballot> = polls.iter().flat_map(both).collect();
            if n % 2 == 0 {
                votes.reverse();
            }
            cast_batch(&stores[(n / 2) as usize % 2], votes, at(1))
        });
        for outcome in run_concurrently(tasks.collect()).await.concat() {
            assert!(outcome.changed_tally(), "{outcome:?}");
        }
    }
    for poll in &polls {
        assert_eq!(harness.position(poll).await.revision, 5 * 12 * 2);
        assert_eq!(harness.counts(poll).await, [1, 60, 0]);
        harness.assert_consistent(poll).await;
    }
}

/// A concurrent edit of the options and first ballot are serialized: the later one is
/// evaluated after the earlier one.
pub async fn concurrent_first_ballot_and_edit_are_serialized(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for round in 0..10 {
        let poll = harness.create_poll(draft()).await;
        let keep = poll.options[1..].iter();
        let keep = keep.map(|option| OptionChange::Keep {
            id: option.id,
            text: None,
        });
        let change = change_with(|change| change.options = Some(keep.collect()));
        let tasks = (0..2_usize).map(|n| {
            let (store, poll, change) = (Arc::clone(&stores[n]), poll.clone(), change.clone());
            async move {
                if n == round % 2 {
                    let change = store.change_poll(poll.id, &change, at(1)).await;
                    Err(change.expect("change_poll succeeds"))
                } else {
                    Ok(into_outcomes(
                        store.cast_ballots(&[ballot(&poll, 1, 1, 0)], at(1)).await,
                    ))
                }
            }
        });
        let (mut outcome, mut changed) = (None, None);
        for result in run_concurrently(tasks.collect()).await {
            match result {
                Ok(outcomes) => outcome = outcomes.into_iter().next(),
                Err(change) => changed = Some(change),
            }
        }
        match (outcome, changed) {
            (Some(Outcome::Counted { revision: 1 }), Some(ChangeOutcome::Refused(refusal))) => {
                assert_eq!(refusal, ChangeRefusal::HasVotes { field: "options" });
            }
            (Some(Outcome::Refused(Refusal::Invalid(_))), Some(ChangeOutcome::Changed(_))) => {
                assert_eq!(harness.counts(&poll).await, [0, 0]);
            }
            other => panic!("the outcomes are not serializable: {other:?}"),
        }
        harness.assert_consistent(&poll).await;
    }
}
