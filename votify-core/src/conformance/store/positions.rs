//! Revisions, versions and epochs: each effective change adds one, and none is reused.

use crate::ballot::Outcome;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, closing_after, revote_draft, withdrawal};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;
use crate::poll::{PollChange, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, StoreError};
use crate::tally::Position;

fn titled(title: &str) -> PollChange {
    change_with(|change| change.title = Some(title.into()))
}

/// Law 7: every effective change adds one revision; edits and the seal also add one
/// version. Nothing else changes either number.
pub async fn every_effective_change_adds_one_revision(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(revote_draft(), 60)).await;
    let assert_at = async |revision, version, what: &str| {
        let tally = harness.tally(&poll).await;
        let position = Position {
            revision,
            ..Position::START
        };
        assert_eq!(
            (tally.position, tally.version),
            (position, version),
            "{what}"
        );
        assert_eq!(harness.stored_poll(&poll).await.version, version, "{what}");
    };
    assert_at(0, 0, "new poll").await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    assert_at(1, 0, "counted ballot").await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    assert_at(1, 0, "replay").await;
    harness.cast(&ballot(&poll, 1, 2, 0), at(2)).await;
    assert_at(2, 0, "replaced ballot").await;
    harness.cast(&withdrawal(&poll, 2, 3), at(2)).await;
    assert_at(2, 0, "refusal").await;
    harness.apply_change(&poll, &titled("Dinner?"), at(3)).await;
    assert_at(3, 1, "edit").await;
    let same = harness.change(&poll, &titled("Dinner?"), at(4)).await;
    assert!(matches!(same, ChangeOutcome::Unchanged(_)), "{same:?}");
    assert_at(3, 1, "edit without effect").await;
    let refused = change_with(|change| change.revote = Some(false));
    let refused = harness.change(&poll, &refused, at(4)).await;
    assert!(matches!(refused, ChangeOutcome::Refused(_)), "{refused:?}");
    assert_at(3, 1, "refused edit").await;
    harness.cast(&withdrawal(&poll, 1, 4), at(5)).await;
    assert_at(4, 1, "withdrawn ballot").await;
    assert_eq!(
        harness.seal(&poll, SealCause::Deadline, at(6)).await,
        SealOutcome::NotDue
    );
    assert_at(4, 1, "seal that is not due").await;
    harness.close(&poll, at(7)).await;
    assert_at(5, 2, "seal").await;
    harness.close(&poll, at(8)).await;
    assert_at(5, 2, "repeated seal").await;
}

/// Law 7: positions only grow and are never reused, even across withdrawals, edits
/// and repairs.
pub async fn positions_are_never_reused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let mut last = harness.position(&poll).await;
    let mut id = 0;
    for round in 0..4_u32 {
        let steps = [Some(0), Some(1), None, Some(2), None, Some(0)];
        for option in steps {
            id += 1;
            let cast = match option {
                Some(option) => ballot(&poll, round % 2, id, option),
                None => withdrawal(&poll, round % 2, id),
            };
            let outcome = harness.cast(&cast, at(1)).await;
            let position = harness.position(&poll).await;
            assert!(outcome.changed_tally(), "{outcome:?}");
            assert!(position > last, "{position} after {last}, round {round}");
            assert_eq!(outcome.revision(), Some(position.revision));
            last = position;
        }
        let state = harness
            .apply_change(&poll, &titled(&format!("t{round}")), at(2))
            .await;
        assert!(state.tally.position > last);
        last = state.tally.position;
        let repaired = harness.store().repair_poll(poll.id).await;
        let position = repaired.expect("repair_poll succeeds").position;
        assert!(position > last, "{position} after {last}, repaired");
        assert_eq!(harness.position(&poll).await, position);
        last = position;
    }
    let sealed = harness.close(&poll, at(3)).await.position;
    assert!(sealed > last, "{sealed} after {last}, sealed");
    harness.assert_consistent(&poll).await;
}

/// Repairing a correct poll raises the epoch by one and keeps counts, ballots,
/// definition and revision.
pub async fn repair_raises_the_epoch_and_keeps_the_counts(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let sent = [
        ballot(&poll, 1, 1, 0),
        ballot(&poll, 2, 2, 1),
        ballot(&poll, 1, 3, 2),
        ballot(&poll, 3, 4, 2),
        withdrawal(&poll, 2, 5),
    ];
    harness.cast_all(&sent, at(1)).await;
    let (before, ballots) = (
        harness.tally(&poll).await,
        harness.streamed_ballots(&poll).await,
    );
    let stored = harness.stored_poll(&poll).await;
    for repairs in 1..3 {
        let repaired = harness.store().repair_poll(poll.id).await;
        let repaired = repaired.expect("repair_poll succeeds");
        let mut expected = before.clone();
        expected.position.epoch += repairs;
        assert_eq!(repaired, expected);
        assert_eq!(harness.tally(&poll).await, expected);
    }
    assert_eq!(harness.streamed_ballots(&poll).await, ballots);
    assert_eq!(harness.stored_poll(&poll).await, stored);
    for (revision, outcome) in (1..).zip(harness.cast_all(&sent, at(2)).await) {
        assert_eq!(outcome, Outcome::Replayed { revision }, "after the repair");
    }
    let next = harness.cast(&ballot(&poll, 4, 6, 0), at(3)).await;
    assert_eq!(next, Outcome::Counted { revision: 6 });
    assert_eq!(
        harness.position(&poll).await,
        Position {
            epoch: 3,
            revision: 6
        }
    );
    harness.assert_consistent(&poll).await;
}

/// Auditing or repairing an unknown poll is an error.
pub async fn auditing_or_repairing_an_unknown_poll_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let unknown = harness.unknown_poll(revote_draft()).id;
    let audit = harness.store().audit_poll(unknown).await;
    assert!(
        matches!(&audit, Err(StoreError::PollNotFound(id)) if *id == unknown),
        "{audit:?}"
    );
    let repair = harness.store().repair_poll(unknown).await;
    assert!(
        matches!(&repair, Err(StoreError::PollNotFound(id)) if *id == unknown),
        "{repair:?}"
    );
}
