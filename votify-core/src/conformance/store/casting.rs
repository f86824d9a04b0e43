//! Ballots cast one at a time: which ones count, and how reads show them.

use crate::ballot::{ActiveBallot, Choice, ChoiceProblem, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    at, ballot, ballot_with_choice, closing_after, draft, one_microsecond_before, revote_draft,
    voter, voter_with_policy, withdrawal,
};
use crate::conformance::store::harness::Harness;
use crate::id::OptionId;
use crate::poll::PollDraft;
use crate::tally::Position;
use crate::voter::VoterPolicy;

/// Law 1: an empty batch returns an empty receipt.
pub async fn empty_batch_returns_an_empty_receipt(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let receipt = harness.cast_batch(&[], at(1)).await;
    assert!(receipt.outcomes.is_empty(), "no outcomes");
    assert!(receipt.tallies.is_empty(), "no tallies");
}

/// Law 1: the receipt has one outcome per ballot in the order of the batch, whatever
/// the order of the polls.
pub async fn outcomes_follow_batch_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (a, b) = (
        harness.create_poll(draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let unknown = harness.unknown_poll(draft());
    let outcomes = harness
        .cast_all(
            &[
                ballot(&b, 1, 1, 0),
                ballot(&a, 1, 2, 0),
                ballot(&unknown, 1, 3, 0),
                ballot(&b, 1, 4, 1),
                ballot(&a, 1, 5, 1),
                ballot(&a, 2, 6, 1),
                ballot(&b, 1, 1, 0),
                withdrawal(&b, 1, 7),
            ],
            at(1),
        )
        .await;
    assert_eq!(
        outcomes,
        [
            Outcome::Counted { revision: 1 },
            Outcome::Counted { revision: 1 },
            Outcome::Refused(Refusal::PollNotFound),
            Outcome::Replaced { revision: 2 },
            Outcome::Refused(Refusal::AlreadyVoted),
            Outcome::Counted { revision: 2 },
            Outcome::Replayed { revision: 1 },
            Outcome::Withdrawn { revision: 3 },
        ]
    );
    harness.assert_consistent(&a).await;
    harness.assert_consistent(&b).await;
}

/// Laws 6 and 9: a counted ballot is in the receipt's tally, the stored tally, the
/// voter's active ballot, the stream and the audit.
pub async fn counted_ballot_is_visible_in_all_reads(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    let cast = ballot(&poll, 1, 1, 2);
    let receipt = harness.cast_batch(std::slice::from_ref(&cast), at(5)).await;
    let outcome = receipt.outcomes[0]
        .clone()
        .expect("the ballot has an outcome");
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    let tally = harness.tally(&poll).await;
    assert_eq!(receipt.tallies, std::slice::from_ref(&tally));
    assert_eq!(
        (tally.total_votes, tally.sealed, tally.version),
        (1, false, 0)
    );
    assert_eq!(tally.poll, poll.id);
    assert_eq!(
        tally.position,
        Position {
            epoch: Position::START.epoch,
            revision: 1
        }
    );
    assert_eq!(harness.counts(&poll).await, [0, 0, 1]);
    let active = ActiveBallot {
        ballot: cast,
        revision: 1,
        cast_at: at(5),
    };
    assert_eq!(harness.active_ballot(&poll, 1).await, Some(active.clone()));
    assert_eq!(harness.streamed_ballots(&poll).await, [active]);
    harness.assert_consistent(&poll).await;
}

/// Law 5: without revote, a voter's second ballot is refused and the first one stays
/// active.
pub async fn second_ballot_requires_revote(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(draft()).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let first = harness.active_ballot(&poll, 1).await;
    for (id, option) in [(2, 0), (3, 1)] {
        let second = harness.cast(&ballot(&poll, 1, id, option), at(2)).await;
        assert_eq!(second, Outcome::Refused(Refusal::AlreadyVoted));
    }
    assert_eq!(harness.active_ballot(&poll, 1).await, first);
    assert_eq!(harness.counts(&poll).await, [1, 0, 0]);
    harness.assert_consistent(&poll).await;
}

/// Laws 5 and 6: a revote replaces the voter's earlier ballot and its counts.
pub async fn revote_replaces_the_ballot(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    harness.cast(&ballot(&poll, 2, 2, 0), at(1)).await;
    let outcome = harness.cast(&ballot(&poll, 1, 3, 1), at(2)).await;
    assert_eq!(outcome, Outcome::Replaced { revision: 3 });
    assert_eq!(harness.counts(&poll).await, [1, 1, 0]);
    let active = harness
        .active_ballot(&poll, 1)
        .await
        .expect("the voter has an active ballot");
    assert_eq!(active.ballot, ballot(&poll, 1, 3, 1));
    assert_eq!((active.revision, active.cast_at), (3, at(2)));
    let same_option = harness.cast(&ballot(&poll, 1, 4, 1), at(3)).await;
    assert_eq!(same_option, Outcome::Replaced { revision: 4 });
    harness.assert_consistent(&poll).await;
}

/// Law 6: a withdrawal removes the ballot from every count, and the voter may vote
/// again.
pub async fn withdrawal_removes_the_vote(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    let outcome = harness.cast(&withdrawal(&poll, 1, 2), at(2)).await;
    assert_eq!(outcome, Outcome::Withdrawn { revision: 2 });
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    assert_eq!(harness.active_ballot(&poll, 1).await, None);
    assert_eq!(harness.streamed_ballots(&poll).await, []);
    harness.assert_consistent(&poll).await;
    let second = harness.cast(&ballot(&poll, 1, 3, 2), at(3)).await;
    assert_eq!(second, Outcome::Counted { revision: 3 });
    assert_eq!(harness.counts(&poll).await, [0, 0, 1]);
    harness.assert_consistent(&poll).await;
}

/// A withdrawal is refused if the poll does not allow revotes, and if the voter has
/// no active ballot.
pub async fn withdrawal_requires_revote_and_a_vote(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (no_revote, with_revote) = (
        harness.create_poll(draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    harness.cast(&ballot(&no_revote, 1, 1, 0), at(1)).await;
    let outcomes = harness
        .cast_all(
            &[withdrawal(&no_revote, 1, 2), withdrawal(&with_revote, 1, 2)],
            at(2),
        )
        .await;
    assert_eq!(
        outcomes,
        [
            Outcome::Refused(Refusal::RevoteNotAllowed),
            Outcome::Refused(Refusal::NotVoted)
        ]
    );
    assert_eq!(harness.position(&with_revote).await, Position::START);
    harness.assert_consistent(&no_revote).await;
}

/// Law 6: a ballot for several options counts for each of them and is one vote.
pub async fn multiple_choice_counts_each_option(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut draft = PollDraft::multiple_choice("Toppings?", ["a", "b", "c", "d"], 1, 3);
    draft.rules.revote = true;
    let poll = harness.create_poll(draft).await;
    let several = |voter, id, options: &[usize]| {
        let options = options.iter().map(|index| poll.options[*index].id);
        ballot_with_choice(&poll, voter, id, Choice::several(options))
    };
    let batch = [
        several(1, 1, &[2, 0, 1]),
        several(2, 2, &[0]),
        several(3, 3, &[3, 0]),
    ];
    let outcomes = harness.cast_all(&batch, at(1)).await;
    assert!(outcomes.iter().all(Outcome::changed_tally), "{outcomes:?}");
    assert_eq!(harness.counts(&poll).await, [3, 1, 1, 1]);
    assert_eq!(harness.tally(&poll).await.total_votes, 3);
    harness.cast(&several(1, 4, &[3]), at(2)).await;
    assert_eq!(harness.counts(&poll).await, [2, 0, 0, 2]);
    let stored = harness
        .active_ballot(&poll, 3)
        .await
        .expect("the voter has an active ballot");
    assert_eq!(stored.ballot, batch[2], "the choice is read as cast");
    let replay = harness.cast(&several(2, 2, &[0]), at(3)).await;
    assert_eq!(replay, Outcome::Replayed { revision: 2 });
    harness.assert_consistent(&poll).await;
}

/// A ballot with an invalid choice is refused with all of its problems.
pub async fn invalid_choices_are_refused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let single = harness.create_poll(draft()).await;
    let multiple = PollDraft::multiple_choice("Toppings?", ["a", "b", "c"], 2, 2);
    let multiple = harness.create_poll(multiple).await;
    let unknown_option = OptionId::from_bytes([1; 16]);
    let [a, b, c] = [0, 1, 2].map(|index: usize| multiple.options[index].id);
    let invalid = [
        (
            &single,
            Choice::one(unknown_option),
            ChoiceProblem::UnknownOption(unknown_option),
        ),
        (&single, Choice::one(a), ChoiceProblem::UnknownOption(a)),
        (
            &single,
            Choice::several([single.options[0].id]),
            ChoiceProblem::ExpectedSingle,
        ),
        (&multiple, Choice::one(a), ChoiceProblem::ExpectedMultiple),
        (
            &multiple,
            Choice::several([a]),
            ChoiceProblem::TooFew { min: 2 },
        ),
        (
            &multiple,
            Choice::several([a, b, c]),
            ChoiceProblem::TooMany { max: 2 },
        ),
        (
            &multiple,
            Choice::several([b, b]),
            ChoiceProblem::RepeatedOption(b),
        ),
    ];
    for (poll, choice, problem) in invalid {
        let outcome = harness
            .cast(&ballot_with_choice(poll, 1, 1, choice), at(1))
            .await;
        assert_eq!(outcome, Outcome::Refused(Refusal::Invalid(vec![problem])));
    }
    for poll in [&single, &multiple] {
        assert_eq!(harness.position(poll).await, Position::START);
        assert_eq!(harness.active_ballot(poll, 1).await, None);
    }
}

/// A voter id derived under another policy than the poll's is refused.
pub async fn voters_of_another_policy_are_refused(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    for policy in VoterPolicy::ALL {
        let mut draft = draft();
        draft.rules.voters = policy;
        let poll = harness.create_poll(draft).await;
        for other in VoterPolicy::ALL {
            let mut cast = ballot(&poll, 1, 1, 0);
            cast.voter = voter_with_policy(other, 1);
            let outcome = harness.cast(&cast, at(1)).await;
            if other == policy {
                assert_eq!(outcome, Outcome::Counted { revision: 1 });
            } else {
                assert_eq!(outcome, Outcome::Refused(Refusal::OutdatedIdentity));
            }
        }
        assert_eq!(harness.counts(&poll).await, [1, 0, 0]);
        harness.assert_consistent(&poll).await;
    }
}

/// Closing: a ballot counts if `opens_at <= now < closes_at`, to the microsecond.
pub async fn ballots_count_between_opening_and_closing(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut draft = closing_after(draft(), 200);
    draft.opens_at = Some(at(100));
    let poll = harness.create_poll(draft).await;
    let early = harness
        .cast(&ballot(&poll, 1, 1, 0), one_microsecond_before(at(100)))
        .await;
    let not_yet = Refusal::NotOpenYet { opens_at: at(100) };
    assert_eq!(early, Outcome::Refused(not_yet));
    let first = harness.cast(&ballot(&poll, 1, 1, 0), at(100)).await;
    assert_eq!(first, Outcome::Counted { revision: 1 });
    let last = harness
        .cast(&ballot(&poll, 2, 2, 0), one_microsecond_before(at(200)))
        .await;
    assert_eq!(last, Outcome::Counted { revision: 2 });
    let late = harness.cast(&ballot(&poll, 3, 3, 0), at(200)).await;
    assert_eq!(late, Outcome::Refused(Refusal::Closed));
    assert_eq!(harness.active_ballot_of(&poll, voter(3)).await, None);
    assert_eq!(harness.counts(&poll).await, [2, 0, 0]);
    harness.assert_consistent(&poll).await;
}
