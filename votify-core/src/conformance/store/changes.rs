//! Edits: which fields may change until when, and the effect on counts and positions.

use crate::ballot::{Choice, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    address, at, ballot, ballot_with_choice, closing_after, draft, metadata, revote_draft,
    voter_with_policy,
};
use crate::conformance::store::change_builders::{change_with, frozen_changes, keep_option};
use crate::conformance::store::harness::Harness;
use crate::id::OptionId;
use crate::poll::{
    AddressQuota, BallotKind, OptionChange, Poll, PollChange, PollOption, ResultsPolicy, Visibility,
};
use crate::store::ChangeOutcome;
use crate::tally::Position;
use crate::voter::VoterPolicy;

/// One change may set all fields before the first ballot, and it returns the stored
/// state.
pub async fn all_fields_change_before_the_first_ballot(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    let added = OptionId::from_bytes([7; 16]);
    let change = PollChange {
        title: Some("  Toppings?  ".into()),
        description: Some("As many as you like".into()),
        category: Some(Some("food".into())),
        options: Some(vec![
            OptionChange::Add {
                id: added,
                text: "Olives".into(),
            },
            keep_option(&poll.options[2], Some(" Corn ")),
            keep_option(&poll.options[0], None),
        ]),
        ballot: Some(BallotKind::Multiple { min: 1, max: 2 }),
        voters: Some(VoterPolicy::Ip),
        results: Some(ResultsPolicy::AfterVote),
        revote: Some(true),
        address_quota: Some(Some(AddressQuota::new(3))),
        opens_at: Some(Some(at(10))),
        closes_at: Some(Some(at(90))),
        visibility: Some(Visibility::Unlisted),
        external_ref: Some(Some("ref 1".into())),
        metadata: Some(Some(metadata(r#"{"b": 1, "a":2}"#))),
        frozen_before_opening: None,
    };
    let state = harness.apply_change(&poll, &change, at(1)).await;
    let stored = harness.stored_poll(&poll).await;
    assert_eq!(state.poll, stored);
    assert_eq!(state.tally, harness.tally(&poll).await);
    assert_eq!((stored.title.as_str(), stored.version), ("Toppings?", 1));
    assert_eq!(stored.category.as_deref(), Some("food"));
    assert_eq!((stored.created_at, stored.edited_at), (at(0), None));
    let window = (stored.opens_at, stored.closes_at);
    assert_eq!(window, (Some(at(10)), Some(at(90))));
    assert_eq!(stored.visibility, Visibility::Unlisted);
    assert_eq!(stored.external_ref.as_deref(), Some("ref 1"));
    assert_eq!(stored.metadata, Some(metadata(r#"{"b": 1, "a":2}"#)));
    let options: Vec<_> = stored
        .options
        .iter()
        .map(|o| (o.id, o.text.as_str()))
        .collect();
    let [first, _, third] = [0, 1, 2].map(|index: usize| &poll.options[index]);
    assert_eq!(
        options,
        [(added, "Olives"), (third.id, "Corn"), (first.id, "Pizza")]
    );
    assert_eq!(
        state.tally.position,
        Position {
            revision: 1,
            ..Position::START
        }
    );
    // The new rules apply, and the counts have the new order.
    let old_policy = ballot_with_choice(&poll, 1, 1, Choice::several([added]));
    let mut vote = old_policy.clone();
    vote.voter = voter_with_policy(VoterPolicy::Ip, 1);
    vote.address = Some(address(1));
    vote.choice = Choice::several([third.id, added]);
    assert_eq!(
        harness.cast_all(&[old_policy, vote], at(10)).await,
        [
            Outcome::Refused(Refusal::OutdatedIdentity),
            Outcome::Counted { revision: 2 }
        ]
    );
    assert_eq!(harness.counts(&poll).await, [1, 1, 0]);
    harness.assert_consistent(&poll).await;
}

/// A ballot that is cast after an edit moved the options chooses the same options
/// wherever it is read: as an active ballot, in the stream, in a retry, in a recount and
/// after it was replaced.
pub async fn choices_are_read_back_after_options_moved(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let [first, second, third] = [0, 1, 2].map(|index: usize| &poll.options[index]);
    let moved = change_with(|change| {
        change.ballot = Some(BallotKind::Multiple { min: 1, max: 2 });
        change.options = Some(vec![
            keep_option(third, None),
            OptionChange::Add {
                id: OptionId::from_bytes([7; 16]),
                text: "Olives".into(),
            },
            keep_option(first, None),
            keep_option(second, None),
        ]);
    });
    harness.apply_change(&poll, &moved, at(1)).await;
    let vote = ballot_with_choice(&poll, 1, 1, Choice::several([second.id, third.id]));
    let replacement = ballot_with_choice(&poll, 1, 2, Choice::several([first.id]));
    let counted = Outcome::Counted { revision: 2 };
    assert_eq!(harness.cast(&vote, at(2)).await, counted);
    let active = harness.active_ballot(&poll, 1).await;
    assert_eq!(active.map(|active| active.ballot), Some(vote.clone()));
    let streamed = harness.streamed_ballots(&poll).await;
    assert_eq!(streamed[0].ballot, vote);
    assert_eq!(harness.counts(&poll).await, [1, 0, 0, 1]);

    let replayed = Outcome::Replayed { revision: 2 };
    assert_eq!(harness.cast(&vote, at(3)).await, replayed);
    let replaced = Outcome::Replaced { revision: 3 };
    assert_eq!(harness.cast(&replacement, at(3)).await, replaced);
    assert_eq!(harness.cast(&vote, at(4)).await, replayed);
    let other_choice = ballot_with_choice(&poll, 1, 1, Choice::several([second.id]));
    let id_reused = Outcome::Refused(Refusal::BallotIdReused);
    assert_eq!(harness.cast(&other_choice, at(4)).await, id_reused);
    assert_eq!(harness.counts(&poll).await, [0, 0, 1, 0]);
    harness.assert_consistent(&poll).await;
}

/// Each field can be changed alone before the first ballot, and optional ones can be
/// removed.
pub async fn fields_change_independently(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    for index in 0..frozen_changes(&harness.unknown_poll(draft())).len() {
        let poll = harness.create_poll(draft()).await;
        let (field, change) = frozen_changes(&poll).swap_remove(index);
        let state = harness.apply_change(&poll, &change, at(1)).await;
        assert_eq!(state.poll, harness.stored_poll(&poll).await, "{field}");
        let unchanged = Poll {
            version: 1,
            ..poll.clone()
        };
        assert_ne!(state.poll, unchanged, "{field}");
        harness.assert_consistent(&poll).await;
    }
    let mut draft = closing_after(draft(), 60);
    draft.category = Some("food".into());
    draft.description = "more".into();
    let poll = harness.create_poll(draft).await;
    let removal = PollChange {
        description: Some(String::new()),
        category: Some(None),
        closes_at: Some(None),
        ..PollChange::default()
    };
    let state = harness.apply_change(&poll, &removal, at(1)).await;
    let expected = Poll {
        description: String::new(),
        category: None,
        closes_at: None,
        version: 1,
        ..poll.clone()
    };
    assert_eq!(state.poll, expected);
    assert_eq!(harness.stored_poll(&poll).await, expected);
}

/// Texts and closing time can change after the first ballot. Only changes of texts
/// set `edited_at`, and counts stay.
pub async fn texts_and_closing_time_change_after_the_first_ballot(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    for (voter, option) in [(1, 0), (2, 2), (3, 2)] {
        harness
            .cast(&ballot(&poll, voter, voter, option), at(1))
            .await;
    }
    let end = change_with(|change| change.closes_at = Some(Some(at(60))));
    let state = harness.apply_change(&poll, &end, at(2)).await;
    assert_eq!(
        (state.poll.closes_at, state.poll.edited_at),
        (Some(at(60)), None)
    );
    let [pizza, sushi, soup] = [0, 1, 2].map(|index: usize| &poll.options[index]);
    let texts = [
        change_with(|change| change.title = Some("Dinner?".into())),
        change_with(|change| change.description = Some("At eight".into())),
        PollChange {
            // Two options may swap their texts.
            options: Some(vec![
                keep_option(pizza, Some("Sushi")),
                keep_option(sushi, Some("Pizza")),
                keep_option(soup, None),
            ]),
            ..PollChange::default()
        },
    ];
    for (edit, change) in (3..).zip(texts) {
        let state = harness.apply_change(&poll, &change, at(edit)).await;
        assert_eq!(state.poll.edited_at, Some(at(edit)));
        assert_eq!(state.poll, harness.stored_poll(&poll).await);
        assert_eq!(state.tally, harness.tally(&poll).await);
        assert_eq!(harness.counts(&poll).await, [1, 0, 2]);
    }
    let stored = harness.stored_poll(&poll).await;
    assert_eq!(
        stored.options[0],
        PollOption {
            id: pizza.id,
            text: "Sushi".into()
        }
    );
    assert_eq!(stored.version, 4);
    harness.assert_consistent(&poll).await;
}

/// Law 7: a change without effect adds no revision and returns the current state.
pub async fn empty_change_adds_no_revision(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = harness.tally(&poll).await;
    let same = PollChange {
        title: Some(format!(" {} ", poll.title)),
        options: Some(
            poll.options
                .iter()
                .map(|option| keep_option(option, None))
                .collect(),
        ),
        revote: Some(poll.rules.revote),
        closes_at: Some(poll.closes_at),
        ..PollChange::default()
    };
    for change in [PollChange::default(), same] {
        match harness.change(&poll, &change, at(2)).await {
            ChangeOutcome::Unchanged(state) => {
                assert_eq!((state.poll, state.tally), (poll.clone(), before.clone()));
            }
            other => panic!("the change must have no effect, but the outcome is {other:?}"),
        }
    }
    assert_eq!(harness.stored_poll(&poll).await, poll);
    assert_eq!(harness.tally(&poll).await, before);
}
