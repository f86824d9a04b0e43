//! Edits: what may change until when, and what an edit does to counts and positions.

use crate::ballot::{Choice, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{
    at, ballot, ending, lenient, saying, strict, voter_of, withdrawal,
};
use crate::conformance::store::scene::Scene;
use crate::id::OptionId;
use crate::poll::{
    BallotKind, ChangeRefusal, OptionChange, Poll, PollChange, PollOption, ResultsPolicy,
};
use crate::store::{Changing, StoreError};
use crate::tally::Position;
use crate::voter::VoterPolicy;

fn keep(option: &PollOption, text: Option<&str>) -> OptionChange {
    OptionChange::Keep {
        id: option.id,
        text: text.map(str::to_owned),
    }
}

/// One change for each thing that the first ballot freezes, with the thing's name.
fn frozen(poll: &Poll) -> Vec<(&'static str, PollChange)> {
    let none = PollChange::default;
    let mut fewer: Vec<_> = poll
        .options
        .iter()
        .map(|option| keep(option, None))
        .collect();
    let mut turned = fewer.clone();
    turned.reverse();
    fewer.pop();
    vec![
        (
            "options",
            PollChange {
                options: Some(fewer),
                ..none()
            },
        ),
        (
            "options",
            PollChange {
                options: Some(turned),
                ..none()
            },
        ),
        (
            "ballot",
            PollChange {
                ballot: Some(BallotKind::Multiple { min: 1, max: 2 }),
                ..none()
            },
        ),
        (
            "voters",
            PollChange {
                voters: Some(VoterPolicy::Ip),
                ..none()
            },
        ),
        (
            "results",
            PollChange {
                results: Some(ResultsPolicy::AfterClose),
                ..none()
            },
        ),
        (
            "revote",
            PollChange {
                revote: Some(!poll.rules.revote),
                ..none()
            },
        ),
        (
            "opens_at",
            PollChange {
                opens_at: Some(at(2)),
                ..none()
            },
        ),
        (
            "category",
            PollChange {
                category: Some(Some("food".into())),
                ..none()
            },
        ),
    ]
}

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
            Changing::Refused(ChangeRefusal::HasVotes { field })
        );
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.tally(&poll).await, before);
}

/// What the first ballot froze stays frozen when that ballot is taken back, also after edits and repair.
pub async fn frozen_stays_frozen(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    let title = |title: &str| PollChange {
        title: Some(title.into()),
        ..PollChange::default()
    };
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
            Changing::Refused(ChangeRefusal::HasVotes { field })
        );
    }
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
    let end = PollChange {
        closes_at: Some(Some(at(60))),
        ..PollChange::default()
    };
    let state = scene.changed(&poll, &end, at(2)).await;
    assert_eq!(
        (state.poll.closes_at, state.poll.edited_at),
        (Some(at(60)), None)
    );
    let [pizza, sushi, soup] = [0, 1, 2].map(|index: usize| &poll.options[index]);
    let texts = [
        PollChange {
            title: Some("Dinner?".into()),
            ..PollChange::default()
        },
        PollChange {
            description: Some("At eight".into()),
            ..PollChange::default()
        },
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

/// Past its end nothing of a poll changes, not even the end.
pub async fn nothing_changes_past_the_end(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    let changes = [
        PollChange {
            closes_at: Some(None),
            ..PollChange::default()
        },
        PollChange {
            closes_at: Some(Some(at(100))),
            ..PollChange::default()
        },
        PollChange {
            title: Some("Late".into()),
            ..PollChange::default()
        },
        PollChange::default(),
    ];
    for change in changes {
        let refused = scene.change(&poll, &change, at(60)).await;
        assert_eq!(refused, Changing::Refused(ChangeRefusal::Closed));
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.position(&poll).await, Position::START);
}

/// The end is never set into the past, nor before the opening; and no change makes an invalid poll.
pub async fn an_invalid_change_is_refused(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    let none = PollChange::default;
    let changes = [
        PollChange {
            closes_at: Some(Some(at(29))),
            ..none()
        },
        PollChange {
            closes_at: Some(Some(at(30))),
            ..none()
        },
        PollChange {
            opens_at: Some(at(90)),
            closes_at: Some(Some(at(90))),
            ..none()
        },
        PollChange {
            title: Some("  ".into()),
            ..none()
        },
        PollChange {
            options: Some(vec![keep(&poll.options[0], None)]),
            ..none()
        },
        PollChange {
            options: Some(vec![
                keep(&poll.options[0], None),
                keep(&poll.options[1], Some("Pizza")),
            ]),
            ..none()
        },
        PollChange {
            options: Some(vec![
                keep(&poll.options[0], None),
                OptionChange::Keep {
                    id: OptionId::from_bytes([9; 16]),
                    text: None,
                },
            ]),
            ..none()
        },
        PollChange {
            ballot: Some(BallotKind::Multiple { min: 1, max: 4 }),
            ..none()
        },
    ];
    for change in changes {
        let refused = scene.change(&poll, &change, at(30)).await;
        assert!(
            matches!(refused, Changing::Refused(ChangeRefusal::Invalid(_))),
            "{change:?}: {refused:?}"
        );
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.position(&poll).await, Position::START);
    let soon = PollChange {
        closes_at: Some(Some(at(31))),
        ..none()
    };
    scene.changed(&poll, &soon, at(30)).await;
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
            Changing::Unchanged(state) => {
                assert_eq!((state.poll, state.tally), (poll.clone(), before.clone()));
            }
            other => panic!("nothing differs: {other:?}"),
        }
    }
    assert_eq!(scene.kept(&poll).await, poll);
    assert_eq!(scene.tally(&poll).await, before);
}

/// A poll that does not exist cannot be changed.
pub async fn an_unknown_poll_cannot_be_changed(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let unknown = scene.unknown_poll(strict()).id;
    for change in [
        PollChange::default(),
        PollChange {
            revote: Some(true),
            ..PollChange::default()
        },
    ] {
        let changing = scene.store().change_poll(unknown, &change, at(1)).await;
        assert!(
            matches!(&changing, Err(StoreError::PollNotFound(id)) if *id == unknown),
            "{changing:?}"
        );
    }
}
