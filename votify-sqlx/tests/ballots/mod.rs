//! Polls and ballots for tests of one store or another.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "for tests, of which every program uses a part"
)]

use std::error::Error;

use votify_core::{
    Ballot, BallotId, Choice, Keyring, Outcome, Poll, PollDraft, PollId, Store, StoreError,
    Timestamp, VoterId, VoterPolicy,
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
    audit.kept.total_votes
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
