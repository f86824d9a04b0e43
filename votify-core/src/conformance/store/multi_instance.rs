//! Several instances on the same data: writes of one invalidate what another has cached.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, withdrawal};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::concurrency::cast_batch;
use crate::conformance::store::harness::Harness;
use crate::poll::SealCause;
use crate::store::StoreExt;
use crate::tally::Position;

/// Laws 2 and 7: a batch sees all earlier writes of another instance, whatever this
/// instance has cached.
pub async fn batch_sees_writes_of_another_instance(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let second_store = harness.second_store().await;
    let (poll, other) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let cast_on_second = async |votes: Vec<Ballot>| cast_batch(&second_store, votes, at(1)).await;
    let counted = |revision| Outcome::Counted { revision };
    for known in [&poll, &other] {
        assert_eq!(
            harness.cast(&ballot(known, 1, 1, 0), at(1)).await,
            counted(1)
        );
    }
    // A vote of a voter unknown to this instance.
    assert_eq!(
        cast_on_second(vec![ballot(&poll, 2, 2, 1)]).await,
        [counted(2)]
    );
    let replaced = harness.cast(&ballot(&poll, 2, 3, 0), at(1)).await;
    assert_eq!(replaced, Outcome::Replaced { revision: 3 });
    // A withdrawal of the last vote that this instance has cast.
    let withdrawn = cast_on_second(vec![withdrawal(&poll, 1, 4)]).await;
    assert_eq!(withdrawn, [Outcome::Withdrawn { revision: 4 }]);
    let late = harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    assert_eq!(late, Outcome::Replayed { revision: 1 });
    assert_eq!(
        harness.cast(&ballot(&poll, 3, 5, 2), at(1)).await,
        counted(5)
    );
    // A repair, an edit and the seal of one poll, while a batch also has a ballot for an
    // unchanged poll.
    second_store
        .repair_poll(poll.id)
        .await
        .expect("repair_poll succeeds");
    let both = [ballot(&poll, 4, 6, 2), ballot(&other, 4, 6, 2)];
    let outcomes = harness.cast_all(&both, at(1)).await;
    assert_eq!(outcomes, [counted(6), counted(2)]);
    assert_eq!(
        harness.position(&poll).await,
        Position {
            epoch: 2,
            revision: 6
        }
    );
    let earlier = change_with(|change| change.closes_at = Some(Some(at(3))));
    let changed = second_store.change_poll(poll.id, &earlier, at(2)).await;
    changed.expect("change_poll succeeds");
    let both = [ballot(&poll, 5, 7, 2), ballot(&other, 5, 7, 2)];
    let outcomes = harness.cast_all(&both, at(3)).await;
    assert_eq!(outcomes, [Outcome::Refused(Refusal::Closed), counted(3)]);
    let sealed = second_store
        .seal_poll(other.id, SealCause::Owner, at(3))
        .await;
    sealed.expect("seal_poll succeeds");
    let outcomes = harness
        .cast_all(&[ballot(&other, 6, 8, 2), ballot(&other, 5, 7, 2)], at(3))
        .await;
    assert_eq!(
        outcomes,
        [
            Outcome::Refused(Refusal::Closed),
            Outcome::Replayed { revision: 3 }
        ]
    );
    for poll in [&poll, &other] {
        harness.assert_consistent(poll).await;
    }
}

/// Laws 2, 5, 6 and 7: concurrent batches over several polls count each voter once,
/// and each effective change adds one revision, while the polls are edited and
/// repaired.
pub async fn concurrent_batches_over_polls_count_each_voter_once(fixture: &dyn StoreFixture) {
    const ROUNDS: u32 = 6;
    const CASTERS: u32 = 8;
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    let mut polls = Vec::new();
    for _ in 0..4 {
        polls.push(harness.create_poll(draft()).await);
    }
    let casters = (0..CASTERS).map(|n| {
        let (store, mut polls) = (Arc::clone(&stores[n as usize % 2]), polls.clone());
        polls.rotate_left(n as usize % 4);
        let tasks: BoxFuture<'static, Vec<Outcome>> = Box::pin(async move {
            let mut outcomes = Vec::new();
            for round in 0..ROUNDS {
                let own = polls
                    .iter()
                    .map(|poll| ballot(poll, n * ROUNDS + round, n, 0));
                let same = polls.iter().map(|poll| ballot(poll, 1_000 + round, n, 1));
                let ballots = own.chain(same).collect();
                outcomes.extend(cast_batch(&store, ballots, at(1)).await);
            }
            outcomes
        });
        tasks
    });
    let editors = (0..2_usize).map(|n| {
        let (store, polls) = (Arc::clone(&stores[n]), polls.clone());
        let task: BoxFuture<'static, Vec<Outcome>> = Box::pin(async move {
            for (round, poll) in polls.iter().enumerate() {
                let title = change_with(|change| change.title = Some(format!("{n}, {round}")));
                let changed = store.change_poll(poll.id, &title, at(1)).await;
                changed.expect("change_poll succeeds");
                let repaired = store.repair_poll(poll.id).await;
                repaired.expect("repair_poll succeeds");
            }
            Vec::new()
        });
        task
    });
    let outcomes = run_concurrently(casters.chain(editors).collect())
        .await
        .concat();
    let (own, same) = (CASTERS * ROUNDS, ROUNDS);
    let effective = outcomes.iter().filter(|outcome| outcome.changed_tally());
    assert_eq!(effective.count(), 4 * (own + same) as usize);
    let refused = Outcome::Refused(Refusal::AlreadyVoted);
    let refused = outcomes.iter().filter(|outcome| **outcome == refused);
    assert_eq!(refused.count(), 4 * ((CASTERS - 1) * ROUNDS) as usize);
    for poll in &polls {
        let tally = harness.tally(poll).await;
        assert_eq!(tally.total_votes, u64::from(own + same));
        assert_eq!((tally.position.epoch, tally.version), (3, 2));
        assert_eq!(tally.position.revision, tally.total_votes + tally.version);
        harness.assert_consistent(poll).await;
    }
}
