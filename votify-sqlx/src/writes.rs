//! What counting did, as the rows that have to be written, the same on every database.

use votify_core::backend::WriteSet;
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::tally::OptionCount;
use votify_core::{PollId, VoterId};

use crate::error::Error;
use crate::field::to_signed;
use crate::parameters::Parameters;

/// What counting did to one poll.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) effects: WriteSet,
    /// The counts that differ from what was read.
    pub(crate) moved: Vec<OptionCount>,
}

/// Rows of any number of polls, all of which are locked.
#[derive(Debug)]
pub(crate) struct Writes<'a> {
    /// To be inserted into the votes: a voter who is there already must fail the transaction.
    pub(crate) inserted: Vec<&'a ActiveBallot>,
    /// To take the place of their voters' votes.
    pub(crate) updated: Vec<&'a ActiveBallot>,
    /// To be deleted from the votes.
    pub(crate) removed: Vec<(PollId, VoterId)>,
    /// To be inserted into the superseded votes.
    pub(crate) superseded: Vec<(PollId, &'a SupersededBallot)>,
    /// Counts of options, as they are now.
    pub(crate) counts: Vec<(PollId, OptionCount)>,
    /// Whose revision, total and heat are to be kept.
    pub(crate) states: Vec<&'a PollState>,
}

/// How many rows each write met; for each of [`Writes`] there must be as many as were given.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) removed: u64,
    pub(crate) superseded: u64,
    pub(crate) counts: u64,
    pub(crate) states: u64,
    /// By which the polls that were written are remembered.
    pub(crate) mark: i64,
}

impl<'a> Writes<'a> {
    pub(crate) fn new(counted: &'a [Counted]) -> Self {
        let effects = || counted.iter().map(|one| &one.effects);
        Self {
            inserted: effects().flat_map(|one| &one.inserted).collect(),
            updated: effects().flat_map(|one| &one.updated).collect(),
            removed: of_each_poll(counted, |one| one.effects.removed.iter().copied()),
            superseded: of_each_poll(counted, |one| one.effects.superseded.iter()),
            counts: of_each_poll(counted, |one| one.moved.iter().copied()),
            states: effects().map(|one| &one.state).collect(),
        }
    }

    /// Fails where a write met fewer or more rows than it should have.
    pub(crate) fn check(&self, written: Written) -> Result<(), Error> {
        all_met("votify_votes", self.inserted.len(), written.inserted)?;
        all_met("votify_votes", self.updated.len(), written.updated)?;
        all_met("votify_votes", self.removed.len(), written.removed)?;
        let superseded = self.superseded.len();
        all_met("votify_superseded_votes", superseded, written.superseded)?;
        all_met("votify_poll_options", self.counts.len(), written.counts)?;
        all_met("votify_polls", self.states.len(), written.states)
    }
}

fn of_each_poll<'a, T, I: Iterator<Item = T>>(
    counted: &'a [Counted],
    rows: impl Fn(&'a Counted) -> I,
) -> Vec<(PollId, T)> {
    let of_poll = |one: &'a Counted| {
        let poll = one.effects.state.poll.id;
        rows(one).map(move |row| (poll, row))
    };
    counted.iter().flat_map(of_poll).collect()
}

/// Each of the rows given to a write must have met one row of the table.
pub(crate) fn all_met(table: &'static str, expected: usize, met: u64) -> Result<(), Error> {
    if usize::try_from(met) == Ok(expected) {
        return Ok(());
    }
    Err(Error::Missed {
        table,
        expected,
        changed: met,
    })
}

/// The columns of a vote, in the order in which [`vote`] gives them.
pub(crate) const VOTE: [&str; 6] = [
    "poll_id",
    "voter_id",
    "ballot_id",
    "choice",
    "revision",
    "cast_at",
];

/// Adds a row of votes.
pub(crate) fn vote(values: &mut impl Parameters, vote: &ActiveBallot) -> Result<(), Error> {
    values.id(vote.ballot.poll.as_bytes())?;
    values.id(vote.ballot.voter.as_bytes())?;
    values.id(vote.ballot.id.as_bytes())?;
    values.bytes(&vote.ballot.choice.to_bytes())?;
    values.integer(to_signed(vote.revision)?)?;
    values.moment(vote.cast_at)
}

/// Adds a row of superseded votes: poll, voter, ballot, choice, revision.
pub(crate) fn superseded(
    values: &mut impl Parameters,
    (poll, old): &(PollId, &SupersededBallot),
) -> Result<(), Error> {
    values.id(poll.as_bytes())?;
    values.id(old.voter.as_bytes())?;
    values.id(old.id.as_bytes())?;
    values.bytes(&old.choice.to_bytes())?;
    values.integer(to_signed(old.revision)?)
}

/// Adds poll, option and count.
pub(crate) fn count(
    values: &mut impl Parameters,
    (poll, entry): &(PollId, OptionCount),
) -> Result<(), Error> {
    values.id(poll.as_bytes())?;
    values.id(entry.option.as_bytes())?;
    values.integer(to_signed(entry.count)?)
}

/// Adds poll, revision, total and heat.
pub(crate) fn state(values: &mut impl Parameters, state: &PollState) -> Result<(), Error> {
    values.id(state.poll.id.as_bytes())?;
    values.integer(to_signed(state.tally.position.revision)?)?;
    values.integer(to_signed(state.tally.total_votes)?)?;
    values.real(state.trending.as_log2())
}

/// Adds poll and voter.
pub(crate) fn voter(
    values: &mut impl Parameters,
    (poll, voter): &(PollId, VoterId),
) -> Result<(), Error> {
    values.id(poll.as_bytes())?;
    values.id(voter.as_bytes())
}
