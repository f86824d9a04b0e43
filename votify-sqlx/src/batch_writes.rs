use votify_core::backend::WriteSet;
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::voter::AddressId;
use votify_core::{Choice, Poll, VoterId};

use crate::backend::Reply;
use crate::definition::counts_json;
use crate::error::Error;
use crate::field::to_signed;
use crate::row_set::RowSet;
use crate::statement::Statement;

/// The rows that a batch writes, in any number of locked polls, in the order in which
/// they must be written. If a voter of an inserted vote has one already, the transaction
/// must fail.
#[derive(Debug)]
pub(crate) struct BatchWrites(pub(crate) [(Statement, RowSet); 7]);

impl BatchWrites {
    /// Encodes the write sets of different polls.
    pub(crate) fn new(sets: &[WriteSet]) -> Result<Self, Error> {
        let released = per_poll(sets, |set| set.address_usage.released.iter());
        let added = per_poll(sets, |set| set.address_usage.added.iter());
        let inserted = per_poll(sets, |set| set.inserted.iter());
        let updated = per_poll(sets, |set| set.updated.iter());
        let removed = per_poll(sets, |set| set.removed.iter());
        let superseded = per_poll(sets, |set| set.superseded.iter());
        Ok(Self([
            (Statement::DeleteVoteAddresses, voter_rows(&released)),
            (Statement::InsertVoteAddresses, address_rows(&added)),
            (Statement::InsertVotes, vote_rows(&inserted)?),
            (Statement::UpdateVotes, vote_rows(&updated)?),
            (Statement::DeleteVotes, voter_rows(&removed)),
            (Statement::InsertSuperseded, superseded_rows(&superseded)?),
            (Statement::UpdateTallies, tally_rows(sets)?),
        ]))
    }

    /// Returns the writes that have rows.
    pub(crate) fn into_writes(self) -> impl Iterator<Item = (Statement, RowSet)> + Send {
        self.0.into_iter().filter(|(_, rows)| !rows.is_empty())
    }
}

/// Checks that a statement changed as many rows as it was given.
pub(crate) fn expect_rows(
    statement: Statement,
    expected: usize,
    changed: u64,
) -> Result<(), Error> {
    if usize::try_from(changed) == Ok(expected) {
        return Ok(());
    }
    Err(Error::RowCountMismatch {
        statement,
        expected,
        changed,
    })
}

/// Returns the error of a script in which a check of the row count follows each write.
/// `replies` are those of the statements before the failed one. `may_be_check` is true if
/// a failed check has such an error.
pub(crate) fn script_error<R>(
    error: Error,
    may_be_check: bool,
    writes: &[(Statement, usize)],
    replies: &[Reply<R>],
) -> Error {
    let is_check = may_be_check && replies.len() % 2 == 1;
    match (writes.get(replies.len() / 2), replies.last()) {
        (Some((statement, expected)), Some(write)) if is_check => Error::RowCountMismatch {
            statement: *statement,
            expected: *expected,
            changed: write.affected,
        },
        _ => error,
    }
}

/// Pairs the rows of each write set with its poll.
fn per_poll<'a, T: 'a, I: Iterator<Item = &'a T>>(
    sets: &'a [WriteSet],
    rows: impl Fn(&'a WriteSet) -> I,
) -> Vec<(&'a Poll, &'a T)> {
    let of_poll = |set: &'a WriteSet| rows(set).map(move |row| (&set.state.poll, row));
    sets.iter().flat_map(of_poll).collect()
}

/// Rows of poll and voter.
fn voter_rows(rows: &[(&Poll, &VoterId)]) -> RowSet {
    RowSet::builder(rows)
        .id(|(poll, _)| poll.id.as_bytes())
        .id(|(_, voter)| voter.as_bytes())
        .build()
}

fn address_rows(rows: &[(&Poll, &(VoterId, AddressId))]) -> RowSet {
    RowSet::builder(rows)
        .id(|(poll, _)| poll.id.as_bytes())
        .id(|(_, (voter, _))| voter.as_bytes())
        .id(|(_, (_, address))| address.as_bytes())
        .build()
}

fn vote_rows(rows: &[(&Poll, &ActiveBallot)]) -> Result<RowSet, Error> {
    Ok(RowSet::builder(rows)
        .id(|(poll, _)| poll.id.as_bytes())
        .id(|(_, vote)| vote.ballot.voter.as_bytes())
        .id(|(_, vote)| vote.ballot.id.as_bytes())
        .bytes(|(poll, vote)| encode_choice(poll, &vote.ballot.choice))?
        .integer(|(_, vote)| to_signed(vote.revision))?
        .time(|(_, vote)| vote.cast_at)
        .build())
}

fn superseded_rows(rows: &[(&Poll, &SupersededBallot)]) -> Result<RowSet, Error> {
    Ok(RowSet::builder(rows)
        .id(|(poll, _)| poll.id.as_bytes())
        .id(|(_, old)| old.voter.as_bytes())
        .id(|(_, old)| old.id.as_bytes())
        .bytes(|(poll, old)| encode_choice(poll, &old.choice))?
        .integer(|(_, old)| to_signed(old.revision))?
        .build())
}

fn tally_rows(sets: &[WriteSet]) -> Result<RowSet, Error> {
    Ok(RowSet::builder(sets)
        .id(|set| set.state.poll.id.as_bytes())
        .integer(|set| to_signed(set.state.tally.position.revision))?
        .integer(|set| to_signed(set.state.tally.total_votes))?
        .text(|set| counts_json(&set.state.tally))
        .real(|set| set.state.trending.as_log2())
        .integer(|set| to_signed(set.state.log_position))?
        .build())
}

fn encode_choice(poll: &Poll, choice: &Choice) -> Result<Vec<u8>, Error> {
    poll.encode_choice(choice)
        .map_err(|error| Error::Encode("the choice of a ballot", error.into()))
}
