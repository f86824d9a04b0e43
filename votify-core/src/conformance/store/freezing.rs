//! What is refused: edits of what ballots froze, of what is closed, or into something invalid.

use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, ending, lenient, strict, withdrawal};
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::{frozen, keep, only};
use crate::id::OptionId;
use crate::poll::{BallotKind, ChangeRefusal, OptionChange, PollChange};
use crate::store::{ChangeOutcome, StoreError};
use crate::tally::Position;

/// The first ballot freezes all but texts and the end, and names what is frozen; nothing else happens.
pub async fn the_first_ballot_freezes(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = scene.tally(&poll).await;
    for (field, change) in frozen(&poll) {
        let refused = scene.change(&poll, &change, at(2)).await;
        assert_eq!(
            refused,
            ChangeOutcome::Refused(ChangeRefusal::HasVotes { field })
        );
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.tally(&poll).await, before);
}

/// What the first ballot froze stays frozen when that ballot is taken back, also after edits and repair.
pub async fn frozen_stays_frozen(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    let title = |title: &str| only(|change| change.title = Some(title.into()));
    scene.changed(&poll, &title("one"), at(1)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    scene.cast(&withdrawal(&poll, 1, 2), at(2)).await;
    assert_eq!(scene.tally(&poll).await.total_votes, 0);
    scene.changed(&poll, &title("two"), at(3)).await;
    let repaired = scene.store().repair_poll(poll.id).await;
    repaired.expect("repair_poll answers");
    for (field, change) in frozen(&poll) {
        let refused = scene.change(&poll, &change, at(4)).await;
        assert_eq!(
            refused,
            ChangeOutcome::Refused(ChangeRefusal::HasVotes { field })
        );
    }
}

/// Past its end nothing of a poll changes, not even the end.
pub async fn nothing_changes_past_the_end(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    let changes = [
        only(|change| change.closes_at = Some(None)),
        only(|change| change.closes_at = Some(Some(at(100)))),
        only(|change| change.title = Some("Late".into())),
        PollChange::default(),
    ];
    for change in changes {
        let refused = scene.change(&poll, &change, at(60)).await;
        assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.position(&poll).await, Position::START);
}

/// The end is never set into the past, nor before the opening; and no change makes an invalid poll.
pub async fn an_invalid_change_is_refused(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    let changes = [
        only(|change| change.closes_at = Some(Some(at(29)))),
        only(|change| change.closes_at = Some(Some(at(30)))),
        PollChange {
            opens_at: Some(at(90)),
            closes_at: Some(Some(at(90))),
            ..PollChange::default()
        },
        only(|change| change.title = Some("  ".into())),
        only(|change| change.options = Some(vec![keep(&poll.options[0], None)])),
        only(|change| {
            change.options = Some(vec![
                keep(&poll.options[0], None),
                keep(&poll.options[1], Some("Pizza")),
            ]);
        }),
        PollChange {
            options: Some(vec![
                keep(&poll.options[0], None),
                OptionChange::Keep {
                    id: OptionId::from_bytes([9; 16]),
                    text: None,
                },
            ]),
            ..PollChange::default()
        },
        only(|change| change.ballot = Some(BallotKind::Multiple { min: 1, max: 4 })),
    ];
    for change in changes {
        let refused = scene.change(&poll, &change, at(30)).await;
        assert!(
            matches!(refused, ChangeOutcome::Refused(ChangeRefusal::Invalid(_))),
            "{change:?}: {refused:?}"
        );
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.position(&poll).await, Position::START);
    let soon = only(|change| change.closes_at = Some(Some(at(31))));
    scene.changed(&poll, &soon, at(30)).await;
}

/// A poll that does not exist cannot be changed.
pub async fn an_unknown_poll_cannot_be_changed(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let unknown = scene.unknown_poll(strict()).id;
    for change in [
        PollChange::default(),
        only(|change| change.revote = Some(true)),
    ] {
        let changing = scene.store().change_poll(unknown, &change, at(1)).await;
        assert!(
            matches!(&changing, Err(StoreError::PollNotFound(id)) if *id == unknown),
            "{changing:?}"
        );
    }
}
