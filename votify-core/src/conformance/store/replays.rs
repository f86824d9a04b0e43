//! Sending a ballot again, and what a refusal leaves behind: nothing.

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{
    at, ballot, ending, just_before, lenient, strict, voter, withdrawal,
};
use crate::conformance::store::scene::Scene;
use crate::tally::Position;

/// Law 8: an accepted ballot that comes again is replayed with its revision, and changes nothing.
pub async fn a_replay_answers_the_first_revision(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    let first = ballot(&poll, 1, 1, 0);
    scene.cast(&first, at(1)).await;
    scene.cast(&ballot(&poll, 2, 2, 1), at(2)).await;
    let before = scene.tally(&poll).await;
    for _ in 0..3 {
        let again = scene.cast(&first, at(3)).await;
        assert_eq!(again, Outcome::Replayed { revision: 1 });
    }
    assert_eq!(scene.tally(&poll).await, before);
    let standing = scene.standing(&poll, 1).await.expect("a ballot stands");
    assert_eq!((standing.revision, standing.cast_at), (1, at(1)));
}

/// Law 8: the same id with another choice is refused, a withdrawal included.
pub async fn an_id_says_one_thing_only(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let reused = Outcome::Refused(Refusal::BallotIdReused);
    assert_eq!(scene.cast(&ballot(&poll, 1, 1, 1), at(2)).await, reused);
    assert_eq!(scene.cast(&withdrawal(&poll, 1, 1), at(2)).await, reused);
    scene.cast(&withdrawal(&poll, 1, 2), at(3)).await;
    assert_eq!(scene.cast(&ballot(&poll, 1, 2, 0), at(4)).await, reused);
    assert_eq!(scene.cast(&ballot(&poll, 1, 1, 1), at(4)).await, reused);
    assert_eq!(scene.position(&poll).await.revision, 2);
    scene.assert_sound(&poll).await;
}

/// Law 8: an id belongs to one voter in one poll; elsewhere it is free.
pub async fn an_id_belongs_to_one_voter_in_one_poll(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let (a, b) = (scene.poll(lenient()).await, scene.poll(lenient()).await);
    let batch = [
        ballot(&a, 1, 1, 0),
        ballot(&a, 2, 1, 1),
        ballot(&b, 1, 1, 2),
    ];
    let revisions = [1, 2, 1];
    for (outcome, revision) in scene.cast_all(&batch, at(1)).await.iter().zip(revisions) {
        assert_eq!(*outcome, Outcome::Counted { revision });
    }
    // Also once one of them is superseded.
    scene.cast(&ballot(&a, 1, 2, 1), at(2)).await;
    let other = scene.cast(&ballot(&a, 3, 1, 2), at(2)).await;
    assert_eq!(other, Outcome::Counted { revision: 4 });
    for (outcome, revision) in scene.cast_all(&batch, at(3)).await.iter().zip(revisions) {
        assert_eq!(*outcome, Outcome::Replayed { revision });
    }
    scene.assert_sound(&a).await;
    scene.assert_sound(&b).await;
}

/// Law 8: a late retry of a ballot that was replaced since is replayed, and does not bring it back.
pub async fn a_late_retry_of_a_replaced_ballot_brings_nothing_back(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    for (id, option) in [(1, 0), (2, 1), (3, 2)] {
        scene.cast(&ballot(&poll, 1, id, option), at(1)).await;
    }
    for (id, option) in [(1, 0), (2, 1), (3, 2)] {
        let again = scene.cast(&ballot(&poll, 1, id, option), at(2)).await;
        let revision = id.into();
        assert_eq!(again, Outcome::Replayed { revision });
    }
    assert_eq!(scene.counts(&poll).await, [0, 0, 1]);
    assert_eq!(scene.position(&poll).await.revision, 3);
    scene.assert_sound(&poll).await;
}

/// Law 8: a late retry of a ballot that was withdrawn since, or of the withdrawal, is replayed and does nothing.
pub async fn a_late_retry_of_a_withdrawn_ballot_brings_nothing_back(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(lenient()).await;
    let (vote, back) = (ballot(&poll, 1, 1, 0), withdrawal(&poll, 1, 2));
    scene.cast(&vote, at(1)).await;
    scene.cast(&back, at(2)).await;
    let again = scene.cast(&vote, at(3)).await;
    assert_eq!(again, Outcome::Replayed { revision: 1 });
    assert_eq!(scene.counts(&poll).await, [0, 0, 0]);
    scene.cast(&ballot(&poll, 1, 3, 1), at(4)).await;
    let again = scene.cast(&back, at(5)).await;
    assert_eq!(again, Outcome::Replayed { revision: 2 });
    assert_eq!(scene.counts(&poll).await, [0, 1, 0]);
    scene.assert_sound(&poll).await;
}

/// Law 8: replays are answered past the end and after the seal too, whatever became of the ballot.
pub async fn replays_are_answered_after_closing(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(lenient(), 60)).await;
    let sent = [
        ballot(&poll, 1, 1, 0),
        ballot(&poll, 1, 2, 1),
        ballot(&poll, 2, 3, 0),
        withdrawal(&poll, 2, 4),
        ballot(&poll, 3, 5, 2),
    ];
    scene.cast_all(&sent, at(1)).await;
    for (now, seals) in [(at(60), true), (at(61), false), (at(5), false)] {
        for (revision, outcome) in (1..).zip(scene.cast_all(&sent, now).await) {
            assert_eq!(outcome, Outcome::Replayed { revision }, "at {now}");
        }
        let reused = scene.cast(&ballot(&poll, 3, 5, 1), now).await;
        assert_eq!(reused, Outcome::Refused(Refusal::BallotIdReused));
        if seals {
            scene.close(&poll, now).await;
        }
    }
    assert_eq!(scene.counts(&poll).await, [0, 1, 1]);
    assert_eq!(scene.position(&poll).await.revision, 6);
}

/// Law 4: a refusal leaves no trace on tally, position, poll, or anybody's ballot.
pub async fn a_refusal_leaves_no_trace(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let seen = async || {
        (
            scene.kept(&poll).await,
            scene.tally(&poll).await,
            scene.streamed(&poll).await,
        )
    };
    let before = seen().await;
    let mut misfit = ballot(&poll, 2, 2, 0);
    misfit.choice = crate::Choice::several([poll.options[0].id]);
    let refused = [
        (ballot(&poll, 1, 2, 1), at(2)),
        (withdrawal(&poll, 1, 3), at(2)),
        (misfit, at(2)),
        (ballot(&poll, 2, 4, 1), just_before(at(0))),
        (ballot(&poll, 2, 5, 1), at(60)),
        (ballot(&poll, 1, 1, 1), at(2)),
    ];
    for (ballot, now) in refused {
        let outcome = scene.cast(&ballot, now).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    assert_eq!(seen().await, before);
    assert_eq!(scene.standing_of(&poll, voter(2)).await, None);
}

/// Law 4: a refusal is not remembered: the same ballot is decided afresh, and may count then.
pub async fn a_refusal_is_not_remembered(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let mut draft = lenient();
    draft.opens_at = Some(at(10));
    let poll = scene.poll(draft).await;
    assert_eq!(scene.position(&poll).await, Position::START);
    let (early, back) = (ballot(&poll, 1, 1, 0), withdrawal(&poll, 1, 2));
    for _ in 0..2 {
        let outcome = scene.cast(&early, at(9)).await;
        assert_eq!(
            outcome,
            Outcome::Refused(Refusal::NotOpenYet { opens_at: at(10) })
        );
    }
    let outcome = scene.cast(&back, at(10)).await;
    assert_eq!(outcome, Outcome::Refused(Refusal::NotVoted));
    let outcome = scene.cast(&early, at(10)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    let outcome = scene.cast(&back, at(11)).await;
    assert_eq!(outcome, Outcome::Withdrawn { revision: 2 });
    // The id of a refused ballot is free for another choice.
    let strict = scene.poll(strict()).await;
    let early = scene
        .cast(&ballot(&strict, 1, 1, 0), just_before(at(0)))
        .await;
    assert!(matches!(early, Outcome::Refused(_)), "{early:?}");
    let other = scene.cast(&ballot(&strict, 1, 1, 2), at(1)).await;
    assert_eq!(other, Outcome::Counted { revision: 1 });
    scene.assert_sound(&strict).await;
}
