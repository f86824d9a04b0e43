//! Revisions, versions and epochs: one step for each effective change, and none is used twice.

use crate::ballot::Outcome;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, ending, lenient, withdrawal};
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::only;
use crate::poll::{PollChange, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, StoreError};
use crate::tally::Position;

fn titled(title: &str) -> PollChange {
    only(|change| change.title = Some(title.into()))
}

/// Law 7: every effective change takes one revision, edits and the seal one version too, and nothing else takes any.
pub async fn every_effective_change_takes_one_revision(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(lenient(), 60)).await;
    let stands = async |revision, version, what: &str| {
        let tally = scene.tally(&poll).await;
        let position = Position {
            revision,
            ..Position::START
        };
        assert_eq!(
            (tally.position, tally.version),
            (position, version),
            "{what}"
        );
        assert_eq!(scene.kept(&poll).await.version, version, "{what}");
    };
    stands(0, 0, "a new poll").await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    stands(1, 0, "a ballot counted").await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    stands(1, 0, "a replay").await;
    scene.cast(&ballot(&poll, 1, 2, 0), at(2)).await;
    stands(2, 0, "a ballot replaced").await;
    scene.cast(&withdrawal(&poll, 2, 3), at(2)).await;
    stands(2, 0, "a refusal").await;
    scene.changed(&poll, &titled("Dinner?"), at(3)).await;
    stands(3, 1, "an edit").await;
    let same = scene.change(&poll, &titled("Dinner?"), at(4)).await;
    assert!(matches!(same, ChangeOutcome::Unchanged(_)), "{same:?}");
    stands(3, 1, "an edit that changes nothing").await;
    let refused = only(|change| change.revote = Some(false));
    let refused = scene.change(&poll, &refused, at(4)).await;
    assert!(matches!(refused, ChangeOutcome::Refused(_)), "{refused:?}");
    stands(3, 1, "an edit that is refused").await;
    scene.cast(&withdrawal(&poll, 1, 4), at(5)).await;
    stands(4, 1, "a ballot withdrawn").await;
    assert_eq!(
        scene.seal(&poll, SealCause::Deadline, at(6)).await,
        SealOutcome::NotDue
    );
    stands(4, 1, "a seal that is not due").await;
    scene.close(&poll, at(7)).await;
    stands(5, 2, "the seal").await;
    scene.close(&poll, at(8)).await;
    stands(5, 2, "sealing again").await;
}

/// Law 7: no position is used twice, withdrawals, edits and repairs included; each one is newer than all before it.
pub async fn positions_are_never_reused(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    let mut last = scene.position(&poll).await;
    let mut id = 0;
    for round in 0..4_u32 {
        let steps = [Some(0), Some(1), None, Some(2), None, Some(0)];
        for option in steps {
            id += 1;
            let cast = match option {
                Some(option) => ballot(&poll, round % 2, id, option),
                None => withdrawal(&poll, round % 2, id),
            };
            let outcome = scene.cast(&cast, at(1)).await;
            let position = scene.position(&poll).await;
            assert!(outcome.changed_tally(), "{outcome:?}");
            assert!(position > last, "{position} after {last}, round {round}");
            assert_eq!(outcome.revision(), Some(position.revision));
            last = position;
        }
        let state = scene
            .changed(&poll, &titled(&format!("t{round}")), at(2))
            .await;
        assert!(state.tally.position > last);
        last = state.tally.position;
        let repaired = scene.store().repair_poll(poll.id).await;
        let position = repaired.expect("repair_poll answers").position;
        assert!(position > last, "{position} after {last}, repaired");
        assert_eq!(scene.position(&poll).await, position);
        last = position;
    }
    let sealed = scene.close(&poll, at(3)).await.position;
    assert!(sealed > last, "{sealed} after {last}, sealed");
    scene.assert_sound(&poll).await;
}

/// Repair raises the epoch by one and keeps counts, ballots, poll and revision where nothing was wrong.
pub async fn repair_raises_the_epoch_and_keeps_the_counts(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    let sent = [
        ballot(&poll, 1, 1, 0),
        ballot(&poll, 2, 2, 1),
        ballot(&poll, 1, 3, 2),
        ballot(&poll, 3, 4, 2),
        withdrawal(&poll, 2, 5),
    ];
    scene.cast_all(&sent, at(1)).await;
    let (before, ballots) = (scene.tally(&poll).await, scene.streamed(&poll).await);
    let kept = scene.kept(&poll).await;
    for repairs in 1..3 {
        let repaired = scene.store().repair_poll(poll.id).await;
        let repaired = repaired.expect("repair_poll answers");
        let mut expected = before.clone();
        expected.position.epoch += repairs;
        assert_eq!(repaired, expected);
        assert_eq!(scene.tally(&poll).await, expected);
    }
    assert_eq!(scene.streamed(&poll).await, ballots);
    assert_eq!(scene.kept(&poll).await, kept);
    for (revision, outcome) in (1..).zip(scene.cast_all(&sent, at(2)).await) {
        assert_eq!(outcome, Outcome::Replayed { revision }, "after the repair");
    }
    let next = scene.cast(&ballot(&poll, 4, 6, 0), at(3)).await;
    assert_eq!(next, Outcome::Counted { revision: 6 });
    assert_eq!(
        scene.position(&poll).await,
        Position {
            epoch: 3,
            revision: 6
        }
    );
    scene.assert_sound(&poll).await;
}

/// A poll that does not exist can be neither audited nor repaired.
pub async fn an_unknown_poll_cannot_be_audited_or_repaired(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let unknown = scene.unknown_poll(lenient()).id;
    let audit = scene.store().audit_poll(unknown).await;
    assert!(
        matches!(&audit, Err(StoreError::PollNotFound(id)) if *id == unknown),
        "{audit:?}"
    );
    let repair = scene.store().repair_poll(unknown).await;
    assert!(
        matches!(&repair, Err(StoreError::PollNotFound(id)) if *id == unknown),
        "{repair:?}"
    );
}
