//! The master law: a batch equals its ballots cast one at a time, and its parts are
//! independent.

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, withdrawal};
use crate::conformance::store::harness::Harness;

/// Law 2: a ballot, voter or id that occurs twice in a batch is evaluated in order.
pub async fn duplicates_in_a_batch_are_evaluated_in_order(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (no_revote, with_revote) = (
        harness.create_poll(draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let outcomes = harness
        .cast_all(
            &[
                ballot(&no_revote, 1, 1, 0),
                ballot(&no_revote, 1, 1, 0),
                ballot(&no_revote, 1, 1, 1),
                ballot(&no_revote, 1, 2, 1),
            ],
            at(1),
        )
        .await;
    assert_eq!(
        outcomes,
        [
            Outcome::Counted { revision: 1 },
            Outcome::Replayed { revision: 1 },
            Outcome::Refused(Refusal::BallotIdReused),
            Outcome::Refused(Refusal::AlreadyVoted),
        ]
    );
    assert_eq!(harness.counts(&no_revote).await, [1, 0, 0]);
    let outcomes = harness
        .cast_all(
            &[
                ballot(&with_revote, 1, 1, 0),
                ballot(&with_revote, 1, 2, 1),
                ballot(&with_revote, 1, 1, 0),
                ballot(&with_revote, 2, 1, 0),
                withdrawal(&with_revote, 1, 3),
                withdrawal(&with_revote, 1, 4),
                withdrawal(&with_revote, 1, 3),
                ballot(&with_revote, 1, 2, 1),
                ballot(&with_revote, 1, 5, 2),
            ],
            at(1),
        )
        .await;
    assert_eq!(
        outcomes,
        [
            Outcome::Counted { revision: 1 },
            Outcome::Replaced { revision: 2 },
            Outcome::Replayed { revision: 1 },
            Outcome::Counted { revision: 3 },
            Outcome::Withdrawn { revision: 4 },
            Outcome::Refused(Refusal::NotVoted),
            Outcome::Replayed { revision: 4 },
            Outcome::Replayed { revision: 2 },
            Outcome::Counted { revision: 5 },
        ]
    );
    assert_eq!(harness.counts(&with_revote).await, [1, 0, 1]);
    harness.assert_consistent(&no_revote).await;
    harness.assert_consistent(&with_revote).await;
}

/// Law 2: a ballot cast and withdrawn within one batch is recorded, though no ballot
/// is active.
pub async fn vote_withdrawn_in_its_batch_is_recorded(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let batch = [ballot(&poll, 1, 1, 0), withdrawal(&poll, 1, 2)];
    let outcomes = harness.cast_all(&batch, at(1)).await;
    assert_eq!(outcomes[1], Outcome::Withdrawn { revision: 2 });
    assert_eq!(
        harness.cast_all(&batch, at(2)).await,
        [
            Outcome::Replayed { revision: 1 },
            Outcome::Replayed { revision: 2 }
        ]
    );
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    harness.assert_consistent(&poll).await;
}

/// Law 2: the parts of a batch are independent. Unknown and closed polls do not
/// affect the others.
pub async fn unknown_poll_fails_no_other_part(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    // With twelve polls of random ids, unknown and closed ones are locked before, between
    // and after open ones.
    let mut polls = Vec::new();
    for kind in 0..12 {
        let poll = if kind % 3 == 0 {
            harness.unknown_poll(draft())
        } else {
            harness.create_poll(draft()).await
        };
        if kind % 3 == 1 {
            harness.close(&poll, at(1)).await;
        }
        polls.push(poll);
    }
    let batch: Vec<Ballot> = polls.iter().map(|poll| ballot(poll, 1, 1, 0)).collect();
    let receipt = harness.cast_batch(&batch, at(2)).await;
    for (index, outcome) in receipt.outcomes.iter().enumerate() {
        let outcome = outcome.as_ref().expect("no part of the batch fails");
        let expected = match index % 3 {
            0 => Outcome::Refused(Refusal::PollNotFound),
            1 => Outcome::Refused(Refusal::Closed),
            _ => Outcome::Counted { revision: 1 },
        };
        assert_eq!(*outcome, expected, "ballot {index}");
    }
    for poll in polls.iter().skip(2).step_by(3) {
        assert_eq!(harness.counts(poll).await, [1, 0, 0]);
        harness.assert_consistent(poll).await;
    }
}

/// Law 9: the receipt has exactly one tally for each committed part, as of its
/// transaction.
pub async fn receipt_tallies_match_the_transaction(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (a, b) = (
        harness.create_poll(draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let (sealed, other) = (
        harness.create_poll(draft()).await,
        harness.create_poll(draft()).await,
    );
    harness.close(&sealed, at(1)).await;
    let unknown = harness.unknown_poll(draft());
    harness.cast(&ballot(&other, 1, 1, 0), at(1)).await;
    for round in 0..3_u32 {
        let batch = [
            ballot(&b, 1, 2 * round, 0),
            ballot(&a, round, round, 1),
            ballot(&unknown, 1, 1, 1),
            ballot(&b, 1, 2 * round + 1, 1),
            ballot(&sealed, 1, 1, 1),
            ballot(&a, round, 100 + round, 1),
        ];
        let receipt = harness.cast_batch(&batch, at(2)).await;
        let mut tallies = receipt.tallies;
        tallies.sort_unstable_by_key(|tally| tally.poll);
        let mut expected = Vec::new();
        for poll in [&a, &b, &sealed] {
            expected.push(harness.tally(poll).await);
        }
        expected.sort_unstable_by_key(|tally| tally.poll);
        assert_eq!(tallies, expected, "round {round}");
        let newest = |poll: &crate::Poll| {
            let own = batch.iter().zip(&receipt.outcomes);
            own.filter(|(ballot, _)| ballot.poll == poll.id)
                .filter_map(|(_, outcome)| outcome.as_ref().ok()?.revision())
                .max()
        };
        for tally in tallies.iter().filter(|tally| tally.poll != sealed.id) {
            let poll = if tally.poll == a.id { &a } else { &b };
            assert_eq!(Some(tally.position.revision), newest(poll));
        }
    }
}

/// Laws 1 and 2: a batch of 5 000 ballots over five polls is counted, and replayed
/// when sent again.
pub async fn batch_of_five_thousand_ballots_is_counted(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(harness.create_poll(revote_draft()).await);
    }
    let batch: Vec<Ballot> = (0..1_000)
        .flat_map(|n: u32| {
            let option = n as usize % 3;
            polls.iter().map(move |poll| ballot(poll, n, n, option))
        })
        .collect();
    for (index, outcome) in harness.cast_all(&batch, at(1)).await.iter().enumerate() {
        let revision = index as u64 / 5 + 1;
        assert_eq!(*outcome, Outcome::Counted { revision }, "ballot {index}");
    }
    for (index, outcome) in harness.cast_all(&batch, at(2)).await.iter().enumerate() {
        let revision = index as u64 / 5 + 1;
        assert_eq!(*outcome, Outcome::Replayed { revision }, "ballot {index}");
    }
    for poll in &polls {
        assert_eq!(harness.counts(poll).await, [334, 333, 333]);
        harness.assert_consistent(poll).await;
    }
}

/// Laws 2 and 8: one batch may have 300 ballots of one voter, and all of them are
/// recorded.
pub async fn many_revotes_of_a_voter_fit_one_batch(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let batch: Vec<Ballot> = (0..300)
        .map(|n| match n % 5 {
            4 => withdrawal(&poll, 1, n),
            _ => ballot(&poll, 1, n, n as usize % 3),
        })
        .collect();
    for (index, outcome) in harness.cast_all(&batch, at(1)).await.iter().enumerate() {
        let revision = index as u64 + 1;
        let expected = match index % 5 {
            0 => Outcome::Counted { revision },
            4 => Outcome::Withdrawn { revision },
            _ => Outcome::Replaced { revision },
        };
        assert_eq!(*outcome, expected, "ballot {index}");
    }
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    for (index, outcome) in harness.cast_all(&batch, at(2)).await.iter().enumerate() {
        let revision = index as u64 + 1;
        assert_eq!(*outcome, Outcome::Replayed { revision }, "ballot {index}");
    }
    harness.assert_consistent(&poll).await;
}
