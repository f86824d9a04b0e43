//! Polls and ballots for tests of stores.

use std::error::Error;
use std::slice;

use votify_core::{
    Ballot, BallotId, Choice, Keyring, Outcome, Poll, PollDraft, PollId, Refusal, Store,
    StoreError, Timestamp, VoterId, VoterPolicy,
};

/// The time at which these polls are created and these ballots are cast.
pub const NOW: Timestamp = Timestamp::EPOCH;

/// Returns a new poll with two options. Stores nothing.
#[must_use]
pub fn draft(title: &str) -> Poll {
    PollDraft::single_choice(title, ["Pizza", "Sushi"])
        .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
        .unwrap()
}

/// Creates a poll in a store.
pub async fn poll(store: &dyn Store) -> Poll {
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    poll
}

/// Returns voter `number`'s ballot for the first option. Equal numbers give equal
/// ballots.
#[must_use]
pub fn ballot(poll: &Poll, number: u32) -> Ballot {
    let voter = voter(number);
    Ballot {
        id: BallotId::from_bytes(*voter.as_bytes()),
        poll: poll.id,
        voter,
        choice: Choice::one(poll.options[0].id),
        address: None,
        accepted: None,
    }
}

/// Returns the id of voter `number`.
#[must_use]
pub fn voter(number: u32) -> VoterId {
    let mut value = [0; 15];
    value[..4].copy_from_slice(&number.to_be_bytes());
    VoterId::new(VoterPolicy::Browser, value)
}

/// Casts ballots at [`NOW`] and returns their outcomes.
pub async fn cast(store: &dyn Store, ballots: &[Ballot]) -> Vec<Result<Outcome, StoreError>> {
    store.cast_ballots(ballots, NOW).await.outcomes
}

/// Returns the poll's total.
///
/// # Panics
/// Panics if a recount gives other counts.
pub async fn votes(store: &dyn Store, poll: &Poll) -> u64 {
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    audit.stored.total_votes
}

/// Checks that a voter who has voted is recognized in 40 batches of new voters, and that
/// the new voters' ballots count.
pub async fn repeat_voters_are_recognized(store: &dyn Store) {
    let polls = [poll(store).await, poll(store).await];
    let first = ballot(&polls[0], 0);
    let counted = |revision| Outcome::Counted { revision };
    let outcome = cast(store, slice::from_ref(&first)).await.remove(0);
    assert_eq!(outcome.unwrap(), counted(1));
    for round in 0..40 {
        let (repeated, expected) = if round % 2 == 0 {
            let second = Ballot {
                id: BallotId::generate(NOW),
                ..first.clone()
            };
            (second, Outcome::Refused(Refusal::AlreadyVoted))
        } else {
            (first.clone(), Outcome::Replayed { revision: 1 })
        };
        let new = [1, 2].map(|number| ballot(&polls[0], 2 * round + number));
        let ballots = [
            new[0].clone(),
            repeated,
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

/// Returns an error and its sources in one line, as a program prints them.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        chain = format!("{chain}: {error}");
        source = error.source();
    }
    chain
}
