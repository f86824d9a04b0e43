//! Polls and ballots for tests of one store or another.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests, of which every program uses a part"
)]

use std::error::Error;
use std::slice;

use votify_core::{
    Ballot, BallotId, Choice, Keyring, Outcome, Poll, PollDraft, PollId, Refusal, Store,
    StoreError, Timestamp, VoterId, VoterPolicy,
};

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

pub(crate) fn draft(title: &str) -> Poll {
    PollDraft::single_choice(title, ["Pizza", "Sushi"])
        .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
        .unwrap()
}

pub(crate) async fn poll(store: &dyn Store) -> Poll {
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    poll
}

/// The ballot of voter number `number`: the same one every time.
pub(crate) fn ballot(poll: &Poll, number: u32) -> Ballot {
    let mut value = [0; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    let voter = VoterId::new(VoterPolicy::Browser, value);
    Ballot {
        id: BallotId::from_bytes(*voter.as_bytes()),
        poll: poll.id,
        voter,
        choice: Choice::one(poll.options[0].id),
        address: None,
    }
}

pub(crate) async fn cast(
    store: &dyn Store,
    ballots: &[Ballot],
) -> Vec<Result<Outcome, StoreError>> {
    store.cast_ballots(ballots, NOW).await.outcomes
}

/// The poll's total, which a recount must confirm.
pub(crate) async fn votes(store: &dyn Store, poll: &Poll) -> u64 {
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    audit.stored.total_votes
}

/// That voters who voted before are known among new ones, whose votes count all the same, however often that happens.
pub(crate) async fn known_among_new(store: &dyn Store) {
    let polls = [poll(store).await, poll(store).await];
    let first = ballot(&polls[0], 0);
    let counted = |revision| Outcome::Counted { revision };
    let outcome = cast(store, slice::from_ref(&first)).await.remove(0);
    assert_eq!(outcome.unwrap(), counted(1));
    for round in 0..40 {
        let (known, expected) = if round % 2 == 0 {
            let another = Ballot {
                id: BallotId::generate(NOW),
                ..first.clone()
            };
            (another, Outcome::Refused(Refusal::AlreadyVoted))
        } else {
            (first.clone(), Outcome::Replayed { revision: 1 })
        };
        let new = [1, 2].map(|place| ballot(&polls[0], 2 * round + place));
        let ballots = [
            new[0].clone(),
            known,
            ballot(&polls[1], round),
            new[1].clone(),
        ];
        let outcomes = cast(store, &ballots).await.into_iter();
        let outcomes: Vec<_> = outcomes.map(Result::unwrap).collect();
        let round = u64::from(round);
        let expected = [
            counted(2 * round + 2),
            expected,
            counted(round + 1),
            counted(2 * round + 3),
        ];
        assert_eq!(outcomes, expected, "{round}");
    }
    assert_eq!(votes(store, &polls[0]).await, 81);
    assert_eq!(votes(store, &polls[1]).await, 40);
}

/// An error with its sources, as a program would print it.
pub(crate) fn line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line = format!("{line}: {error}");
        source = error.source();
    }
    line
}
