//! Sealing: when a poll is sealed, and that a seal is final.

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    at, ballot, closing_after, draft, one_microsecond_before, revote_draft, withdrawal,
};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;
use crate::poll::{ChangeRefusal, PollStatus, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, StoreError, StoreExt};
use crate::tally::Position;

/// `Owner` closes the poll at `now`, sets `closes_at`, and adds one revision and one
/// version.
pub async fn owner_closes_immediately(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    for (draft, end) in [
        (draft(), None),
        (closing_after(draft(), 500), Some(at(500))),
    ] {
        let poll = harness.create_poll(draft).await;
        assert_eq!(poll.closes_at, end);
        harness.cast(&ballot(&poll, 1, 1, 1), at(1)).await;
        let sealed = harness.close(&poll, at(100)).await;
        assert!(sealed.sealed, "the tally is marked as final");
        assert_eq!((sealed.version, sealed.total_votes), (1, 1));
        assert_eq!(
            sealed.position,
            Position {
                revision: 2,
                ..Position::START
            }
        );
        assert_eq!(harness.tally(&poll).await, sealed);
        let stored = harness.stored_poll(&poll).await;
        assert_eq!(stored.sealed_at, Some(at(100)));
        assert_eq!(stored.closes_at, Some(at(100)));
        assert_eq!(stored.version, 1);
        assert_eq!(stored.status(at(100), true), PollStatus::Closed);
        harness.assert_consistent(&poll).await;
    }
}

/// `Deadline` seals from `closes_at` on. Before, it returns `NotDue` and changes
/// nothing.
pub async fn deadline_seal_waits_for_the_closing_time(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = harness.tally(&poll).await;
    let early = harness
        .seal(&poll, SealCause::Deadline, one_microsecond_before(at(60)))
        .await;
    assert_eq!(early, SealOutcome::NotDue);
    assert_eq!(harness.tally(&poll).await, before);
    assert_eq!(harness.stored_poll(&poll).await, poll);
    let SealOutcome::Sealed(sealed) = harness.seal(&poll, SealCause::Deadline, at(60)).await else {
        panic!("the poll must be due at its closing time");
    };
    assert_eq!(
        (sealed.sealed, sealed.version, sealed.total_votes),
        (true, 1, 1)
    );
    assert_eq!(harness.tally(&poll).await, sealed);
    let stored = harness.stored_poll(&poll).await;
    assert_eq!(
        (stored.sealed_at, stored.closes_at),
        (Some(at(60)), Some(at(60)))
    );
}

/// `Deadline` reads `closes_at` under the lock, so that a concurrent change of it is
/// respected.
pub async fn deadline_seal_reads_the_current_closing_time(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    let to = |end| change_with(|change| change.closes_at = Some(end));
    harness
        .apply_change(&poll, &to(Some(at(120))), at(30))
        .await;
    assert_eq!(
        harness.seal(&poll, SealCause::Deadline, at(60)).await,
        SealOutcome::NotDue
    );
    let cast = harness.cast(&ballot(&poll, 1, 1, 0), at(61)).await;
    assert_eq!(cast, Outcome::Counted { revision: 2 });
    harness.apply_change(&poll, &to(None), at(62)).await;
    assert_eq!(
        harness.seal(&poll, SealCause::Deadline, at(500)).await,
        SealOutcome::NotDue
    );
    harness.apply_change(&poll, &to(Some(at(80))), at(63)).await;
    let due = harness.seal(&poll, SealCause::Deadline, at(80)).await;
    assert!(matches!(due, SealOutcome::Sealed(_)), "{due:?}");
    harness.assert_consistent(&poll).await;
}

/// `Deadline` never seals a poll without a closing time.
pub async fn poll_without_closing_time_is_never_due(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let far = at(100 * 366 * 24 * 3600);
    assert_eq!(
        harness.seal(&poll, SealCause::Deadline, far).await,
        SealOutcome::NotDue
    );
    let cast = harness.cast(&ballot(&poll, 1, 1, 0), far).await;
    assert_eq!(cast, Outcome::Counted { revision: 1 });
}

/// Sealing a sealed poll returns the same final tally, for every cause and time.
pub async fn repeated_seal_returns_the_same_tally(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let sealed = harness.close(&poll, at(10)).await;
    let stored = harness.stored_poll(&poll).await;
    for (cause, now) in [
        (SealCause::Owner, at(10)),
        (SealCause::Owner, at(11)),
        (SealCause::Deadline, at(2)),
        (SealCause::Deadline, at(60)),
    ] {
        let repeated = harness.seal(&poll, cause, now).await;
        assert_eq!(
            repeated,
            SealOutcome::Sealed(sealed.clone()),
            "{cause:?} at {now}"
        );
    }
    assert_eq!(harness.stored_poll(&poll).await, stored);
}

/// A sealed poll accepts no ballots, withdrawals or edits, whatever `now` is.
pub async fn sealed_poll_never_changes(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(revote_draft(), 60)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let sealed = harness.close(&poll, at(10)).await;
    let stored = harness.stored_poll(&poll).await;
    for now in [at(0), at(5), at(10), at(59), at(90)] {
        let late = [
            ballot(&poll, 2, 2, 0),
            ballot(&poll, 1, 3, 1),
            withdrawal(&poll, 1, 4),
        ];
        for outcome in harness.cast_all(&late, now).await {
            assert_eq!(outcome, Outcome::Refused(Refusal::Closed));
        }
        for change in [
            change_with(|change| change.title = Some("Dinner?".into())),
            change_with(|change| change.closes_at = Some(None)),
            change_with(|change| change.closes_at = Some(Some(at(900)))),
        ] {
            let refused = harness.change(&poll, &change, now).await;
            assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
        }
    }
    assert_eq!(harness.tally(&poll).await, sealed);
    assert_eq!(harness.stored_poll(&poll).await, stored);
    harness.assert_consistent(&poll).await;
}

/// After its closing time a poll accepts neither ballots nor edits, even if nothing
/// has sealed it.
pub async fn unsealed_poll_refuses_ballots_after_closing(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(revote_draft(), 60)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = harness.tally(&poll).await;
    let late = [
        ballot(&poll, 2, 2, 0),
        ballot(&poll, 1, 3, 1),
        withdrawal(&poll, 1, 4),
    ];
    for outcome in harness.cast_all(&late, at(60)).await {
        assert_eq!(outcome, Outcome::Refused(Refusal::Closed));
    }
    let later = change_with(|change| change.closes_at = Some(Some(at(900))));
    let refused = harness.change(&poll, &later, at(60)).await;
    assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
    assert_eq!(harness.tally(&poll).await, before);
    let SealOutcome::Sealed(sealed) = harness.seal(&poll, SealCause::Deadline, at(70)).await else {
        panic!("the poll must be due after its closing time");
    };
    assert_eq!(sealed.counts, before.counts);
}

/// Sealing an unknown poll is an error.
pub async fn sealing_an_unknown_poll_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let unknown = harness.unknown_poll(draft());
    for cause in [SealCause::Deadline, SealCause::Owner] {
        let sealed = harness.store().seal_poll(unknown.id, cause, at(1)).await;
        assert!(
            matches!(&sealed, Err(StoreError::PollNotFound(id)) if *id == unknown.id),
            "{sealed:?}"
        );
    }
}
