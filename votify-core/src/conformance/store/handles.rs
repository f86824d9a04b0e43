//! Several handles on the same data: what one of them knew is worth nothing once another did something.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, lenient, strict, withdrawal};
use crate::conformance::store::races::casting;
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::only;
use crate::conformance::together::together;
use crate::poll::SealCause;
use crate::tally::Position;

/// Laws 2 and 7: a batch goes by what was done on another handle a moment before, whatever this one knew of the poll.
pub async fn a_batch_goes_by_what_another_handle_did(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let another = scene.another().await;
    let (poll, other) = (scene.poll(lenient()).await, scene.poll(lenient()).await);
    let there = async |votes: Vec<Ballot>| casting(&another, votes, at(1)).await;
    let counted = |revision| Outcome::Counted { revision };
    for known in [&poll, &other] {
        assert_eq!(scene.cast(&ballot(known, 1, 1, 0), at(1)).await, counted(1));
    }
    // A vote of a voter who is new here.
    assert_eq!(there(vec![ballot(&poll, 2, 2, 1)]).await, [counted(2)]);
    let replaced = scene.cast(&ballot(&poll, 2, 3, 0), at(1)).await;
    assert_eq!(replaced, Outcome::Replaced { revision: 3 });
    // A vote taken back, the last of this handle.
    let gone = there(vec![withdrawal(&poll, 1, 4)]).await;
    assert_eq!(gone, [Outcome::Withdrawn { revision: 4 }]);
    let late = scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    assert_eq!(late, Outcome::Replayed { revision: 1 });
    assert_eq!(scene.cast(&ballot(&poll, 3, 5, 2), at(1)).await, counted(5));
    // A recount, an edit and the seal, each beside another poll that stays as it is.
    another.repair_poll(poll.id).await.expect("repaired");
    let both = [ballot(&poll, 4, 6, 2), ballot(&other, 4, 6, 2)];
    let outcomes = scene.cast_all(&both, at(1)).await;
    assert_eq!(outcomes, [counted(6), counted(2)]);
    assert_eq!(
        scene.position(&poll).await,
        Position {
            epoch: 2,
            revision: 6
        }
    );
    let earlier = only(|change| change.closes_at = Some(Some(at(3))));
    let changed = another.change_poll(poll.id, &earlier, at(2)).await;
    changed.expect("change_poll answers");
    let both = [ballot(&poll, 5, 7, 2), ballot(&other, 5, 7, 2)];
    let outcomes = scene.cast_all(&both, at(3)).await;
    assert_eq!(outcomes, [Outcome::Refused(Refusal::Closed), counted(3)]);
    let sealed = another.seal_poll(other.id, SealCause::Owner, at(3)).await;
    sealed.expect("seal_poll answers");
    let outcomes = scene
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
        scene.assert_sound(poll).await;
    }
}

/// Laws 2, 5, 6 and 7: batches over several polls at once, while those are edited and recounted, count every voter once, and
/// every effective change takes one revision.
pub async fn batches_over_many_polls_at_once_count_everybody_once(fixture: &dyn StoreFixture) {
    const ROUNDS: u32 = 6;
    const CASTERS: u32 = 8;
    let scene = Scene::open(fixture).await;
    let handles = [scene.store(), scene.another().await];
    let mut polls = Vec::new();
    for _ in 0..4 {
        polls.push(scene.poll(strict()).await);
    }
    let casters = (0..CASTERS).map(|n| {
        let (store, mut polls) = (Arc::clone(&handles[n as usize % 2]), polls.clone());
        polls.rotate_left(n as usize % 4);
        let tasks: BoxFuture<'static, Vec<Outcome>> = Box::pin(async move {
            let mut outcomes = Vec::new();
            for round in 0..ROUNDS {
                let own = polls
                    .iter()
                    .map(|poll| ballot(poll, n * ROUNDS + round, n, 0));
                let same = polls.iter().map(|poll| ballot(poll, 1_000 + round, n, 1));
                let ballots = own.chain(same).collect();
                outcomes.extend(casting(&store, ballots, at(1)).await);
            }
            outcomes
        });
        tasks
    });
    let meddlers = (0..2_usize).map(|n| {
        let (store, polls) = (Arc::clone(&handles[n]), polls.clone());
        let task: BoxFuture<'static, Vec<Outcome>> = Box::pin(async move {
            for (round, poll) in polls.iter().enumerate() {
                let title = only(|change| change.title = Some(format!("{n}, {round}")));
                let changed = store.change_poll(poll.id, &title, at(1)).await;
                changed.expect("change_poll answers");
                let repaired = store.repair_poll(poll.id).await;
                repaired.expect("repair_poll answers");
            }
            Vec::new()
        });
        task
    });
    let outcomes = together(casters.chain(meddlers).collect()).await.concat();
    let (own, same) = (CASTERS * ROUNDS, ROUNDS);
    let effective = outcomes.iter().filter(|outcome| outcome.changed_tally());
    assert_eq!(effective.count(), 4 * (own + same) as usize);
    let refused = Outcome::Refused(Refusal::AlreadyVoted);
    let refused = outcomes.iter().filter(|outcome| **outcome == refused);
    assert_eq!(refused.count(), 4 * ((CASTERS - 1) * ROUNDS) as usize);
    for poll in &polls {
        let tally = scene.tally(poll).await;
        assert_eq!(tally.total_votes, u64::from(own + same));
        assert_eq!((tally.position.epoch, tally.version), (3, 2));
        assert_eq!(tally.position.revision, tally.total_votes + tally.version);
        scene.assert_sound(poll).await;
    }
}
