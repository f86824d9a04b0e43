//! Edits: what may change until when, and what an edit does to counts and positions.

use crate::ballot::{Choice, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{address, at, ballot, ending, saying, strict, voter_of};
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::{frozen, keep, only};
use crate::id::OptionId;
use crate::poll::{
    AddressQuota, BallotKind, OptionChange, Poll, PollChange, PollOption, ResultsPolicy,
};
use crate::store::ChangeOutcome;
use crate::tally::Position;
use crate::voter::VoterPolicy;

/// Until the first ballot everything can change at once, and the answer is what is kept from then on.
pub async fn everything_changes_before_the_first_ballot(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
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
            keep(&poll.options[2], Some(" Corn ")),
            keep(&poll.options[0], None),
        ]),
        ballot: Some(BallotKind::Multiple { min: 1, max: 2 }),
        voters: Some(VoterPolicy::Ip),
        results: Some(ResultsPolicy::AfterVote),
        revote: Some(true),
        address_quota: Some(Some(AddressQuota::new(3))),
        opens_at: Some(at(10)),
        closes_at: Some(Some(at(90))),
    };
    let state = scene.changed(&poll, &change, at(1)).await;
    let kept = scene.kept(&poll).await;
    assert_eq!(state.poll, kept);
    assert_eq!(state.tally, scene.tally(&poll).await);
    assert_eq!((kept.title.as_str(), kept.version), ("Toppings?", 1));
    assert_eq!(kept.category.as_deref(), Some("food"));
    assert_eq!((kept.created_at, kept.edited_at), (at(0), None));
    assert_eq!((kept.opens_at, kept.closes_at), (at(10), Some(at(90))));
    let options: Vec<_> = kept
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
    // The new rules hold, and the counts are in the new order.
    let old_policy = saying(&poll, 1, 1, Choice::several([added]));
    let mut vote = old_policy.clone();
    vote.voter = voter_of(VoterPolicy::Ip, 1);
    vote.address = Some(address(1));
    vote.choice = Choice::several([third.id, added]);
    assert_eq!(
        scene.cast_all(&[old_policy, vote], at(10)).await,
        [
            Outcome::Refused(Refusal::OtherVoterPolicy),
            Outcome::Counted { revision: 2 }
        ]
    );
    assert_eq!(scene.counts(&poll).await, [1, 1, 0]);
    scene.assert_sound(&poll).await;
}

/// Each thing can be changed alone before the first ballot, and taken away where it may be absent.
pub async fn each_thing_changes_alone(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    for index in 0..frozen(&scene.unknown_poll(strict())).len() {
        let poll = scene.poll(strict()).await;
        let (field, change) = frozen(&poll).swap_remove(index);
        let state = scene.changed(&poll, &change, at(1)).await;
        assert_eq!(state.poll, scene.kept(&poll).await, "{field}");
        let unchanged = Poll {
            version: 1,
            ..poll.clone()
        };
        assert_ne!(state.poll, unchanged, "{field}");
        scene.assert_sound(&poll).await;
    }
    let mut draft = ending(strict(), 60);
    draft.category = Some("food".into());
    draft.description = "more".into();
    let poll = scene.poll(draft).await;
    let away = PollChange {
        description: Some(String::new()),
        category: Some(None),
        closes_at: Some(None),
        ..PollChange::default()
    };
    let state = scene.changed(&poll, &away, at(1)).await;
    let expected = Poll {
        description: String::new(),
        category: None,
        closes_at: None,
        version: 1,
        ..poll.clone()
    };
    assert_eq!(state.poll, expected);
    assert_eq!(scene.kept(&poll).await, expected);
}

/// After the first ballot texts can still be edited, which is marked, and so can the end, which is not; counts stay.
pub async fn texts_and_the_end_change_after_the_first_ballot(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    for (voter, option) in [(1, 0), (2, 2), (3, 2)] {
        scene
            .cast(&ballot(&poll, voter, voter, option), at(1))
            .await;
    }
    let end = only(|change| change.closes_at = Some(Some(at(60))));
    let state = scene.changed(&poll, &end, at(2)).await;
    assert_eq!(
        (state.poll.closes_at, state.poll.edited_at),
        (Some(at(60)), None)
    );
    let [pizza, sushi, soup] = [0, 1, 2].map(|index: usize| &poll.options[index]);
    let texts = [
        only(|change| change.title = Some("Dinner?".into())),
        only(|change| change.description = Some("At eight".into())),
        PollChange {
            // Two options may even swap their texts.
            options: Some(vec![
                keep(pizza, Some("Sushi")),
                keep(sushi, Some("Pizza")),
                keep(soup, None),
            ]),
            ..PollChange::default()
        },
    ];
    for (edit, change) in (3..).zip(texts) {
        let state = scene.changed(&poll, &change, at(edit)).await;
        assert_eq!(state.poll.edited_at, Some(at(edit)));
        assert_eq!(state.poll, scene.kept(&poll).await);
        assert_eq!(state.tally, scene.tally(&poll).await);
        assert_eq!(scene.counts(&poll).await, [1, 0, 2]);
    }
    let kept = scene.kept(&poll).await;
    assert_eq!(
        kept.options[0],
        PollOption {
            id: pizza.id,
            text: "Sushi".into()
        }
    );
    assert_eq!(kept.version, 4);
    scene.assert_sound(&poll).await;
}

/// Law 7: a change that changes nothing takes no position, and says how the poll is.
pub async fn an_empty_change_takes_no_position(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = scene.tally(&poll).await;
    let same = PollChange {
        title: Some(format!(" {} ", poll.title)),
        options: Some(
            poll.options
                .iter()
                .map(|option| keep(option, None))
                .collect(),
        ),
        revote: Some(poll.rules.revote),
        closes_at: Some(poll.closes_at),
        ..PollChange::default()
    };
    for change in [PollChange::default(), same] {
        match scene.change(&poll, &change, at(2)).await {
            ChangeOutcome::Unchanged(state) => {
                assert_eq!((state.poll, state.tally), (poll.clone(), before.clone()));
            }
            other => panic!("nothing differs: {other:?}"),
        }
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.tally(&poll).await, before);
}
