//! Replays, and refusals, which change nothing.

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    at, ballot, closing_after, draft, one_microsecond_before, revote_draft, voter, withdrawal,
};
use crate::conformance::store::harness::Harness;
use crate::tally::Position;

/// Law 8: an accepted ballot that is sent again is replayed with its revision and
/// changes nothing.
pub async fn replay_returns_the_first_revision(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let first = ballot(&poll, 1, 1, 0);
    harness.cast(&first, at(1)).await;
    harness.cast(&ballot(&poll, 2, 2, 1), at(2)).await;
    let before = harness.tally(&poll).await;
    for _ in 0..3 {
        let repeated = harness.cast(&first, at(3)).await;
        assert_eq!(repeated, Outcome::Replayed { revision: 1 });
    }
    assert_eq!(harness.tally(&poll).await, before);
    let active = harness
        .active_ballot(&poll, 1)
        .await
        .expect("the voter has an active ballot");
    assert_eq!((active.revision, active.cast_at), (1, at(1)));
}

/// Law 8: the same id with another choice is refused, including for withdrawals.
pub async fn reused_ballot_id_with_another_choice_is_refused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let reused = Outcome::Refused(Refusal::BallotIdReused);
    assert_eq!(harness.cast(&ballot(&poll, 1, 1, 1), at(2)).await, reused);
    assert_eq!(harness.cast(&withdrawal(&poll, 1, 1), at(2)).await, reused);
    harness.cast(&withdrawal(&poll, 1, 2), at(3)).await;
    assert_eq!(harness.cast(&ballot(&poll, 1, 2, 0), at(4)).await, reused);
    assert_eq!(harness.cast(&ballot(&poll, 1, 1, 1), at(4)).await, reused);
    assert_eq!(harness.position(&poll).await.revision, 2);
    harness.assert_consistent(&poll).await;
}

/// Law 8: a ballot id is unique per voter and poll only.
pub async fn ballot_ids_are_scoped_to_voter_and_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (a, b) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let batch = [
        ballot(&a, 1, 1, 0),
        ballot(&a, 2, 1, 1),
        ballot(&b, 1, 1, 2),
    ];
    let revisions = [1, 2, 1];
    for (outcome, revision) in harness.cast_all(&batch, at(1)).await.iter().zip(revisions) {
        assert_eq!(*outcome, Outcome::Counted { revision });
    }
    // The ids stay independent after one of the ballots is superseded.
    harness.cast(&ballot(&a, 1, 2, 1), at(2)).await;
    let other = harness.cast(&ballot(&a, 3, 1, 2), at(2)).await;
    assert_eq!(other, Outcome::Counted { revision: 4 });
    for (outcome, revision) in harness.cast_all(&batch, at(3)).await.iter().zip(revisions) {
        assert_eq!(*outcome, Outcome::Replayed { revision });
    }
    harness.assert_consistent(&a).await;
    harness.assert_consistent(&b).await;
}

/// Law 8: a late retry of a replaced ballot is replayed and does not become active
/// again.
pub async fn late_retry_of_a_replaced_ballot_is_replayed(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    for (id, option) in [(1, 0), (2, 1), (3, 2)] {
        harness.cast(&ballot(&poll, 1, id, option), at(1)).await;
    }
    for (id, option) in [(1, 0), (2, 1), (3, 2)] {
        let repeated = harness.cast(&ballot(&poll, 1, id, option), at(2)).await;
        let revision = id.into();
        assert_eq!(repeated, Outcome::Replayed { revision });
    }
    assert_eq!(harness.counts(&poll).await, [0, 0, 1]);
    assert_eq!(harness.position(&poll).await.revision, 3);
    harness.assert_consistent(&poll).await;
}

/// Law 8: late retries of a withdrawn ballot and of its withdrawal are replayed and
/// change nothing.
pub async fn late_retry_of_a_withdrawn_ballot_is_replayed(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let (vote, withdrawn) = (ballot(&poll, 1, 1, 0), withdrawal(&poll, 1, 2));
    harness.cast(&vote, at(1)).await;
    harness.cast(&withdrawn, at(2)).await;
    let repeated = harness.cast(&vote, at(3)).await;
    assert_eq!(repeated, Outcome::Replayed { revision: 1 });
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    harness.cast(&ballot(&poll, 1, 3, 1), at(4)).await;
    let repeated = harness.cast(&withdrawn, at(5)).await;
    assert_eq!(repeated, Outcome::Replayed { revision: 2 });
    assert_eq!(harness.counts(&poll).await, [0, 1, 0]);
    harness.assert_consistent(&poll).await;
}

/// Law 8: replays succeed after the closing time and after the seal, including
/// those of replaced and withdrawn ballots.
pub async fn replays_succeed_after_closing(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(revote_draft(), 60)).await;
    let sent = [
        ballot(&poll, 1, 1, 0),
        ballot(&poll, 1, 2, 1),
        ballot(&poll, 2, 3, 0),
        withdrawal(&poll, 2, 4),
        ballot(&poll, 3, 5, 2),
    ];
    harness.cast_all(&sent, at(1)).await;
    for (now, seals) in [(at(60), true), (at(61), false), (at(5), false)] {
        for (revision, outcome) in (1..).zip(harness.cast_all(&sent, now).await) {
            assert_eq!(outcome, Outcome::Replayed { revision }, "at {now}");
        }
        let reused = harness.cast(&ballot(&poll, 3, 5, 1), now).await;
        assert_eq!(reused, Outcome::Refused(Refusal::BallotIdReused));
        if seals {
            harness.close(&poll, now).await;
        }
    }
    assert_eq!(harness.counts(&poll).await, [0, 1, 1]);
    assert_eq!(harness.position(&poll).await.revision, 6);
}

/// Law 4: a refusal changes neither tally, position, poll nor any ballot.
pub async fn refusal_changes_nothing(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(closing_after(draft(), 60)).await;
    let scheduled = harness.create_poll(draft().opens_at(at(10))).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let seen = async || {
        let mut seen = Vec::new();
        for poll in [&poll, &scheduled] {
            seen.push((
                harness.stored_poll(poll).await,
                harness.tally(poll).await,
                harness.streamed_ballots(poll).await,
            ));
        }
        seen
    };
    let before = seen().await;
    let mut invalid = ballot(&poll, 2, 2, 0);
    invalid.choice = crate::Choice::several([poll.options[0].id]);
    let refused = [
        (ballot(&poll, 1, 2, 1), at(2)),
        (withdrawal(&poll, 1, 3), at(2)),
        (invalid, at(2)),
        (ballot(&poll, 2, 5, 1), at(60)),
        (ballot(&poll, 1, 1, 1), at(2)),
        (ballot(&scheduled, 2, 6, 0), one_microsecond_before(at(10))),
    ];
    for (ballot, now) in refused {
        let outcome = harness.cast(&ballot, now).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    assert_eq!(seen().await, before);
    for poll in [&poll, &scheduled] {
        assert_eq!(harness.active_ballot_of(poll, voter(2)).await, None);
    }
}

/// Law 4: a refusal is not recorded. The same ballot is evaluated again and may then
/// count.
pub async fn refusal_is_not_recorded(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut later = revote_draft();
    later.opens_at = Some(at(10));
    let poll = harness.create_poll(later).await;
    assert_eq!(harness.position(&poll).await, Position::START);
    let (early, withdrawn) = (ballot(&poll, 1, 1, 0), withdrawal(&poll, 1, 2));
    for _ in 0..2 {
        let outcome = harness.cast(&early, at(9)).await;
        assert_eq!(
            outcome,
            Outcome::Refused(Refusal::NotOpenYet { opens_at: at(10) })
        );
    }
    let outcome = harness.cast(&withdrawn, at(10)).await;
    assert_eq!(outcome, Outcome::Refused(Refusal::NotVoted));
    let outcome = harness.cast(&early, at(10)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    let outcome = harness.cast(&withdrawn, at(11)).await;
    assert_eq!(outcome, Outcome::Withdrawn { revision: 2 });
    // The id of a refused ballot may be used for another choice.
    let no_revote = harness.create_poll(draft().opens_at(at(1))).await;
    let early = harness
        .cast(&ballot(&no_revote, 1, 1, 0), one_microsecond_before(at(1)))
        .await;
    assert!(matches!(early, Outcome::Refused(_)), "{early:?}");
    let other = harness.cast(&ballot(&no_revote, 1, 1, 2), at(1)).await;
    assert_eq!(other, Outcome::Counted { revision: 1 });
    harness.assert_consistent(&no_revote).await;
}
