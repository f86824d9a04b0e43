use anyhow::{Context, Result};
use votify_core::ballot::ActiveBallot;
use votify_core::voter::VoterPolicy;
use votify_core::{
    Ballot, BallotId, Choice, Keyring, Poll, PollDraft, PollId, Tally, Timestamp, VoterId,
};

/// The time of every operation.
pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// Creates a poll with `options` options.
pub(crate) fn poll(options: usize) -> Result<Poll> {
    let texts = (0..options).map(|number| format!("option {number}"));
    let draft = PollDraft::single_choice("Lunch?", texts);
    Ok(draft.into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())?)
}

/// Creates the ballot of voter `number` for one of the options.
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
        accepted: None,
    })
}

/// Creates the active ballots of `ballots` voters.
pub(crate) fn active_ballots(poll: &Poll, ballots: usize) -> Result<Vec<ActiveBallot>> {
    let numbers = 0..ballots;
    let active = numbers.map(|number| {
        Ok(ActiveBallot {
            ballot: ballot(poll, number)?,
            revision: u64::try_from(number)? + 1,
            cast_at: NOW,
        })
    });
    active.collect()
}

/// Returns the tally of [`active_ballots`].
pub(crate) fn tally(poll: &Poll, ballots: usize) -> Result<Tally> {
    Ok(Tally::new(poll).recounted(&active_ballots(poll, ballots)?))
}
