use anyhow::{Context, Result};
use votify_core::ballot::ActiveBallot;
use votify_core::voter::VoterPolicy;
use votify_core::{
    Ballot, BallotId, Choice, Keyring, Poll, PollDraft, PollId, Tally, Timestamp, VoterId,
};

/// Everything happens at this moment.
pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// A poll of so many options.
pub(crate) fn poll(options: usize) -> Result<Poll> {
    let texts = (0..options).map(|number| format!("option {number}"));
    let draft = PollDraft::single_choice("Lunch?", texts);
    Ok(draft.into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())?)
}

/// A ballot of the voter with this number for one of the options.
pub(crate) fn ballot(poll: &Poll, number: usize) -> Result<Ballot> {
    let option = poll.options.get(number % poll.options.len());
    let mut value = [0; 15];
    value[..8].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
    Ok(Ballot {
        id: BallotId::generate(NOW),
        poll: poll.id,
        voter: VoterId::new(VoterPolicy::default(), value),
        choice: Choice::one(option.context("a poll without options")?.id),
        address: None,
    })
}

/// So many of these, as they stand.
pub(crate) fn standing(poll: &Poll, ballots: usize) -> Result<Vec<ActiveBallot>> {
    let numbers = 0..ballots;
    let standing = numbers.map(|number| {
        Ok(ActiveBallot {
            ballot: ballot(poll, number)?,
            revision: u64::try_from(number)? + 1,
            cast_at: NOW,
        })
    });
    standing.collect()
}

/// What they come to.
pub(crate) fn tally(poll: &Poll, ballots: usize) -> Result<Tally> {
    Ok(Tally::new(poll).recounted(&standing(poll, ballots)?))
}
