//! From rows to polls and ballots, the same on every database.

use std::collections::HashMap;

use votify_core::ballot::{ActiveBallot, SupersededBallot, VoterHistory};
use votify_core::poll::{PollOption, PollState};
use votify_core::{Ballot, BallotId, Choice, OptionId, PollId, Position, VoterId};

use crate::columns::Columns;
use crate::dialect::{Histories, Locked};
use crate::error::Error;
use crate::field::{Fields, Unreadable};
use crate::memory::Stamp;
use crate::row::{OptionRow, PollRow};

/// Reads a poll's epoch, revision and mark, in the three columns from `first` on.
pub(crate) fn stamp(poll: PollId, row: &impl Columns, first: usize) -> Result<Stamp, Error> {
    let read = Fields(poll);
    Ok(Stamp {
        position: Position {
            epoch: read.count("epoch", row.integer(first)?)?,
            revision: read.count("revision", row.integer(first + 1)?)?,
        },
        mark: row.integer(first + 2)?,
    })
}

pub(crate) fn poll_id(row: &impl Columns, index: usize) -> Result<PollId, Error> {
    Ok(PollId::from_bytes(row.id(index)?))
}

/// Reads all columns of a definition, with a poll's options in one text, so that no reader sees half of a change.
pub(crate) fn poll(row: &impl Columns) -> Result<PollState, Error> {
    let id = poll_id(row, 0)?;
    let row = PollRow {
        id,
        title: row.text(1)?,
        description: row.text(2)?,
        category: row.maybe_text(3)?,
        ballot: row.text(4)?,
        voters: row.text(5)?,
        results: row.text(6)?,
        revote: row.flag(7)?,
        created_at: row.moment(8)?,
        opens_at: row.moment(9)?,
        closes_at: row.maybe_moment(10)?,
        edited_at: row.maybe_moment(11)?,
        sealed_at: row.maybe_moment(12)?,
        owner: row.maybe_bytes(13)?,
        key: row.bytes(14)?,
        version: row.integer(15)?,
        epoch: row.integer(16)?,
        revision: row.integer(17)?,
        total_votes: row.integer(18)?,
        heat: row.real(19)?,
        options: options(id, row.maybe_text(20)?.as_deref())?,
        address_quota: row.maybe_text(21)?,
    };
    Ok(row.into_state()?)
}

/// An array of `[position, id, text, votes]` in no particular order, as the database made it; none for no rows.
fn options(poll: PollId, json: Option<&str>) -> Result<Vec<OptionRow>, Unreadable> {
    let read = Fields(poll);
    let mut options: Vec<(i64, OptionId, String, i64)> =
        read.json("options", json.unwrap_or("[]"))?;
    options.sort_unstable_by_key(|(position, ..)| *position);
    let row = |(_, id, text, votes)| OptionRow {
        option: PollOption { id, text },
        votes,
    };
    Ok(options.into_iter().map(row).collect())
}

/// Reads polls; each error is about its poll alone.
pub(crate) fn polls(rows: &[impl Columns]) -> Result<Vec<Locked>, Error> {
    rows.iter()
        .map(|row| Ok((poll_id(row, 0)?, poll(row))))
        .collect()
}

/// A poll that can be read. One that cannot must not take a whole listing with it: it is left out, and told of.
pub(crate) fn readable(row: &impl Columns) -> Option<PollState> {
    poll(row)
        .inspect_err(|error| tracing::error!(%error, "left a corrupt poll out of a listing"))
        .ok()
}

/// Reads voter, ballot, choice, revision and time of a vote, in the first five columns.
pub(crate) fn vote(poll: PollId, row: &impl Columns) -> Result<ActiveBallot, Error> {
    let read = Fields(poll);
    Ok(ActiveBallot {
        ballot: Ballot {
            id: BallotId::from_bytes(row.id(1)?),
            poll,
            voter: read.voter(&row.id(0)?)?,
            choice: read.choice(&row.bytes(2)?)?,
            address: None,
        },
        revision: read.count("the revision of a ballot", row.integer(3)?)?,
        cast_at: read.time("the time of a ballot", row.moment(4)?)?,
    })
}

pub(crate) fn votes(poll: PollId, rows: &[impl Columns]) -> Result<Vec<ActiveBallot>, Error> {
    rows.iter().map(|row| vote(poll, row)).collect()
}

fn superseded(poll: PollId, row: &impl Columns) -> Result<SupersededBallot, Error> {
    let read = Fields(poll);
    Ok(SupersededBallot {
        voter: read.voter(&row.id(0)?)?,
        id: BallotId::from_bytes(row.id(1)?),
        choice: read.choice(&row.bytes(2)?)?,
        revision: read.count("the revision of a ballot", row.integer(3)?)?,
    })
}

/// Reads what voters did: the columns of a vote and its poll's id. What stands has a time, what was superseded has none.
pub(crate) fn histories(rows: &[impl Columns]) -> Result<Histories, Error> {
    let mut histories = Histories::new();
    for row in rows {
        let poll = poll_id(row, 5)?;
        let stands = row.maybe_moment(4)?.is_some();
        let read = if stands {
            vote(poll, row).map(|vote| (vote.ballot.voter, Past::Stands(vote)))
        } else {
            superseded(poll, row).map(|old| (old.voter, Past::Superseded(old)))
        };
        let voters = histories.entry(poll).or_insert_with(|| Ok(HashMap::new()));
        match (voters, read) {
            (Ok(voters), Ok((voter, past))) => past.add_to(voters.entry(voter).or_default()),
            (voters, Err(error)) => *voters = Err(error),
            (Err(_), Ok(_)) => {}
        }
    }
    Ok(histories)
}

enum Past {
    Stands(ActiveBallot),
    Superseded(SupersededBallot),
}

impl Past {
    fn add_to(self, history: &mut VoterHistory) {
        match self {
            Self::Stands(vote) => history.active = Some(vote),
            Self::Superseded(old) => history.superseded.push(old),
        }
    }
}

/// Reads how many standing ballots say what.
pub(crate) fn choices(poll: PollId, rows: &[impl Columns]) -> Result<Vec<(Choice, u64)>, Error> {
    let read = Fields(poll);
    rows.iter()
        .map(|row| {
            let choice = read.choice(&row.bytes(0)?)?;
            Ok((choice, read.count("the ballots", row.integer(1)?)?))
        })
        .collect()
}

/// The votes in the order of their voters, none for who has none.
pub(crate) fn in_order_of(
    voters: &[VoterId],
    votes: Vec<ActiveBallot>,
) -> Vec<Option<ActiveBallot>> {
    let votes: HashMap<_, _> = votes
        .into_iter()
        .map(|vote| (vote.ballot.voter, vote))
        .collect();
    voters
        .iter()
        .map(|voter| votes.get(voter).cloned())
        .collect()
}
