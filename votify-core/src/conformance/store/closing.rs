//! SealOutcome: when it happens, and that it is for ever.

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{
    at, ballot, ending, just_before, lenient, strict, withdrawal,
};
use crate::conformance::store::scene::Scene;
use crate::conformance::store::wishes::only;
use crate::poll::{ChangeRefusal, PollStatus, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, StoreError};
use crate::tally::Position;

/// `Owner` closes now, moves `closes_at` there, and takes one revision and one version.
pub async fn the_owner_closes_at_once(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    for (draft, end) in [(strict(), None), (ending(strict(), 500), Some(at(500)))] {
        let poll = scene.poll(draft).await;
        assert_eq!(poll.closes_at, end);
        scene.cast(&ballot(&poll, 1, 1, 1), at(1)).await;
        let sealed = scene.close(&poll, at(100)).await;
        assert!(sealed.sealed, "the tally says that it is final");
        assert_eq!((sealed.version, sealed.total_votes), (1, 1));
        assert_eq!(
            sealed.position,
            Position {
                revision: 2,
                ..Position::START
            }
        );
        assert_eq!(scene.tally(&poll).await, sealed);
        let kept = scene.kept(&poll).await;
        assert_eq!(kept.sealed_at, Some(at(100)));
        assert_eq!(kept.closes_at, Some(at(100)));
        assert_eq!(kept.version, 1);
        assert_eq!(kept.status(at(100)), PollStatus::Closed);
        scene.assert_sound(&poll).await;
    }
}

/// `Due` seals from `closes_at` on, and before that answers that it is not due and changes nothing.
pub async fn due_waits_for_the_end(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = scene.tally(&poll).await;
    let early = scene
        .seal(&poll, SealCause::Deadline, just_before(at(60)))
        .await;
    assert_eq!(early, SealOutcome::NotDue);
    assert_eq!(scene.tally(&poll).await, before);
    assert_eq!(scene.kept(&poll).await, poll);
    let SealOutcome::Sealed(sealed) = scene.seal(&poll, SealCause::Deadline, at(60)).await else {
        panic!("at its end the poll is due");
    };
    assert_eq!(
        (sealed.sealed, sealed.version, sealed.total_votes),
        (true, 1, 1)
    );
    assert_eq!(scene.tally(&poll).await, sealed);
    let kept = scene.kept(&poll).await;
    assert_eq!(
        (kept.sealed_at, kept.closes_at),
        (Some(at(60)), Some(at(60)))
    );
}

/// `Due` reads `closes_at` under the lock: an end that was moved meanwhile holds.
pub async fn due_reads_the_end_anew(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    let to = |end| only(|change| change.closes_at = Some(end));
    scene.changed(&poll, &to(Some(at(120))), at(30)).await;
    assert_eq!(
        scene.seal(&poll, SealCause::Deadline, at(60)).await,
        SealOutcome::NotDue
    );
    let cast = scene.cast(&ballot(&poll, 1, 1, 0), at(61)).await;
    assert_eq!(cast, Outcome::Counted { revision: 2 });
    scene.changed(&poll, &to(None), at(62)).await;
    assert_eq!(
        scene.seal(&poll, SealCause::Deadline, at(500)).await,
        SealOutcome::NotDue
    );
    scene.changed(&poll, &to(Some(at(80))), at(63)).await;
    let due = scene.seal(&poll, SealCause::Deadline, at(80)).await;
    assert!(matches!(due, SealOutcome::Sealed(_)), "{due:?}");
    scene.assert_sound(&poll).await;
}

/// `Due` never seals a poll that only its owner closes.
pub async fn a_poll_without_end_is_never_due(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(strict()).await;
    let far = at(100 * 366 * 24 * 3600);
    assert_eq!(
        scene.seal(&poll, SealCause::Deadline, far).await,
        SealOutcome::NotDue
    );
    let cast = scene.cast(&ballot(&poll, 1, 1, 0), far).await;
    assert_eq!(cast, Outcome::Counted { revision: 1 });
}

/// SealOutcome what is sealed answers the same final tally, whoever asks, for whatever cause, at whatever time.
pub async fn sealing_again_answers_the_same(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(strict(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let sealed = scene.close(&poll, at(10)).await;
    let kept = scene.kept(&poll).await;
    for (cause, now) in [
        (SealCause::Owner, at(10)),
        (SealCause::Owner, at(11)),
        (SealCause::Deadline, at(2)),
        (SealCause::Deadline, at(60)),
    ] {
        let again = scene.seal(&poll, cause, now).await;
        assert_eq!(
            again,
            SealOutcome::Sealed(sealed.clone()),
            "{cause:?} at {now}"
        );
    }
    assert_eq!(scene.kept(&poll).await, kept);
}

/// After the seal no ballot is added, replaced or withdrawn and no edit is made, whatever `now` says.
pub async fn a_sealed_poll_never_changes(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(lenient(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let sealed = scene.close(&poll, at(10)).await;
    let kept = scene.kept(&poll).await;
    for now in [at(0), at(5), at(10), at(59), at(90)] {
        let late = [
            ballot(&poll, 2, 2, 0),
            ballot(&poll, 1, 3, 1),
            withdrawal(&poll, 1, 4),
        ];
        for outcome in scene.cast_all(&late, now).await {
            assert_eq!(outcome, Outcome::Refused(Refusal::Closed));
        }
        for change in [
            only(|change| change.title = Some("Dinner?".into())),
            only(|change| change.closes_at = Some(None)),
            only(|change| change.closes_at = Some(Some(at(900)))),
        ] {
            let refused = scene.change(&poll, &change, now).await;
            assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
        }
    }
    assert_eq!(scene.tally(&poll).await, sealed);
    assert_eq!(scene.kept(&poll).await, kept);
    scene.assert_sound(&poll).await;
}

/// Correctness needs no job: past its end a poll takes neither ballots nor edits, though nobody sealed it.
pub async fn past_its_end_a_poll_takes_nothing_even_unsealed(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll(ending(lenient(), 60)).await;
    scene.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let before = scene.tally(&poll).await;
    let late = [
        ballot(&poll, 2, 2, 0),
        ballot(&poll, 1, 3, 1),
        withdrawal(&poll, 1, 4),
    ];
    for outcome in scene.cast_all(&late, at(60)).await {
        assert_eq!(outcome, Outcome::Refused(Refusal::Closed));
    }
    let later = only(|change| change.closes_at = Some(Some(at(900))));
    let refused = scene.change(&poll, &later, at(60)).await;
    assert_eq!(refused, ChangeOutcome::Refused(ChangeRefusal::Closed));
    assert_eq!(scene.tally(&poll).await, before);
    let SealOutcome::Sealed(sealed) = scene.seal(&poll, SealCause::Deadline, at(70)).await else {
        panic!("past its end the poll is due");
    };
    assert_eq!(sealed.counts, before.counts);
}

/// A poll that does not exist cannot be sealed.
pub async fn an_unknown_poll_cannot_be_sealed(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let unknown = scene.unknown_poll(strict());
    for cause in [SealCause::Deadline, SealCause::Owner] {
        let sealing = scene.store().seal_poll(unknown.id, cause, at(1)).await;
        assert!(
            matches!(&sealing, Err(StoreError::PollNotFound(id)) if *id == unknown.id),
            "{sealing:?}"
        );
    }
}
