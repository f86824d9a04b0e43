//! Refused edits: of frozen fields, of closed polls, and to invalid polls.

use std::time::Duration;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    at, ballot, closing_after, draft, revote_draft, withdrawal,
};
use crate::conformance::store::change_builders::{change_with, frozen_changes, keep_option};
use crate::conformance::store::harness::Harness;
use crate::id::OptionId;
use crate::poll::{BallotKind, ChangeRefusal, OptionChange, PollChange};
use crate::store::{ChangeOutcome, StoreError};
use crate::tally::Position;

/// The first ballot freezes everything except texts and closing time. A refusal names
/// the frozen field and changes nothing.
pub async fn first_ballot_freezes_the_rules(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = harness.tally(&poll).await;
    for (field, change) in frozen_changes(&poll) {
        let refused = harness.change(&poll, &change, at(2)).await;
        assert_eq!(
            refused,
            ChangeOutcome::Refused(ChangeRefusal::HasVotes { field })
        );
    }
    assert_eq!(harness.stored_poll(&poll).await, poll);
    assert_eq!(harness.tally(&poll).await, before);
}

/// Rules stay frozen after all ballots are withdrawn, even after edits and a repair.
pub async fn rules_stay_frozen_without_ballots(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let title = |title: &str| change_with(|change| change.title = Some(title.into()));
    harness.apply_change(&poll, &title("one"), at(1)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    harness.cast(&withdrawal(&poll, 1, 2), at(2)).await;
    assert_eq!(harness.tally(&poll).await.total_votes, 0);
    harness.apply_change(&poll, &title("two"), at(3)).await;
    let repaired = harness.store().repair_poll(poll.id).await;
    repaired.expect("repair_poll succeeds");
    for (field, change) in frozen_changes(&poll) {
        let refused = harness.change(&poll, &change, at(4)).await;
        assert_eq!(
            refused,
            ChangeOutcome::Refused(ChangeRefusal::HasVotes { field })
        );
    }
}

/// With `frozen_before_opening`, as an engine with a queue sends it, a poll is frozen from
/// this long before its opening on, without any ballot.
pub async fn opening_freezes_the_rules_with_a_queue(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft().opens_at(at(10))).await;
    let open = harness.create_poll(draft()).await;
    let frozen = |mut change: PollChange| {
        change.frozen_before_opening = Some(Duration::from_secs(5));
        change
    };
    let revote = |revote| frozen(change_with(|change| change.revote = Some(revote)));
    harness.apply_change(&poll, &revote(true), at(4)).await;
    for (poll, now) in [(&poll, 5), (&poll, 20), (&open, 0)] {
        let before = harness.stored_poll(poll).await;
        for (field, change) in frozen_changes(&before) {
            let refused = harness.change(poll, &frozen(change), at(now)).await;
            let expected = ChangeOutcome::Refused(ChangeRefusal::HasOpened { field });
            assert_eq!(refused, expected, "at {now}");
        }
        assert_eq!(harness.stored_poll(poll).await, before);
        let title = frozen(change_with(|change| change.title = Some("Dinner?".into())));
        harness.apply_change(poll, &title, at(now)).await;
        let same = frozen(change_with(|change| change.title = Some("Lunch?".into())));
        harness.apply_change(poll, &same, at(now)).await;
    }
}

/// A closed poll refuses all changes, including those of its closing time.
pub async fn closed_poll_refuses_changes(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    let changes = [
        change_with(|change| change.closes_at = Some(None)),
        change_with(|change| change.closes_at = Some(Some(at(100)))),
        change_with(|change| change.title = Some("Late".into())),
        PollChange::default(),
    ];
    for change in changes {
        let refused = harness.change(&poll, &change, at(60)).await;
        assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
    }
    assert_eq!(harness.stored_poll(&poll).await, poll);
    assert_eq!(harness.position(&poll).await, Position::START);
}

/// A change to a closing time in the past or before the opening is refused, and so is
/// any change to an invalid poll.
pub async fn invalid_changes_are_refused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let changes = [
        change_with(|change| change.closes_at = Some(Some(at(29)))),
        change_with(|change| change.closes_at = Some(Some(at(30)))),
        PollChange {
            opens_at: Some(Some(at(90))),
            closes_at: Some(Some(at(90))),
            ..PollChange::default()
        },
        change_with(|change| change.title = Some("  ".into())),
        change_with(|change| change.options = Some(vec![keep_option(&poll.options[0], None)])),
        change_with(|change| {
            change.options = Some(vec![
                keep_option(&poll.options[0], None),
                keep_option(&poll.options[1], Some("Pizza")),
            ]);
        }),
        PollChange {
            options: Some(vec![
                keep_option(&poll.options[0], None),
                OptionChange::Keep {
                    id: OptionId::from_bytes([9; 16]),
                    text: None,
                },
            ]),
            ..PollChange::default()
        },
        change_with(|change| change.ballot = Some(BallotKind::Multiple { min: 1, max: 4 })),
    ];
    for change in changes {
        let refused = harness.change(&poll, &change, at(30)).await;
        assert!(
            matches!(refused, ChangeOutcome::Refused(ChangeRefusal::Invalid(_))),
            "{change:?}: {refused:?}"
        );
    }
    assert_eq!(harness.stored_poll(&poll).await, poll);
    assert_eq!(harness.position(&poll).await, Position::START);
    let soon = change_with(|change| change.closes_at = Some(Some(at(31))));
    harness.apply_change(&poll, &soon, at(30)).await;
}

/// Changing an unknown poll is an error.
pub async fn changing_an_unknown_poll_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let unknown = harness.unknown_poll(draft()).id;
    for change in [
        PollChange::default(),
        change_with(|change| change.revote = Some(true)),
    ] {
        let changed = harness.store().change_poll(unknown, &change, at(1)).await;
        assert!(
            matches!(&changed, Err(StoreError::PollNotFound(id)) if *id == unknown),
            "{changed:?}"
        );
    }
}
