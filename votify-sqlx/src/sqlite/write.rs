use std::sync::LazyLock;

use sqlx::sqlite::SqliteConnection;
use votify_core::PollId;
use votify_core::VoterId;
use votify_core::ballot::{Effects, StandingBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::tally::OptionCount;

use super::script::{Done, Script, Values};
use crate::bulk::Bulk;
use crate::dialect::Counted;
use crate::error::Error;
use crate::field::to_signed;

const VOTE: [&str; 6] = [
    "poll_id",
    "voter_id",
    "ballot_id",
    "choice",
    "revision",
    "cast_at",
];

/// Fails on a voter who has a vote: the unique index is the judge.
pub(super) static INSERT_VOTES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &VOTE,
        "INSERT INTO votify_votes (poll_id, voter_id, ballot_id, choice, revision, cast_at) \
         SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

/// The plus signs keep SQLite from going through the whole table and looking each row up among the given ones.
pub(super) static UPDATE_VOTES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &VOTE,
        "UPDATE votify_votes SET ballot_id = given.ballot_id, choice = given.choice, revision = given.revision, \
         cast_at = given.cast_at FROM given \
         WHERE votify_votes.poll_id = +given.poll_id AND votify_votes.voter_id = +given.voter_id",
    )
});

pub(super) static DELETE_VOTES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "DELETE FROM votify_votes WHERE (poll_id, voter_id) IN (SELECT poll_id, voter_id FROM given)",
    )
});

pub(super) static INSERT_SUPERSEDED: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id", "ballot_id", "choice", "revision"],
        "INSERT INTO votify_superseded_votes (poll_id, voter_id, ballot_id, choice, revision) \
         SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

pub(super) static UPDATE_COUNTS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "id", "vote_count"],
        "UPDATE votify_poll_options SET vote_count = given.vote_count FROM given \
         WHERE votify_poll_options.poll_id = +given.poll_id AND votify_poll_options.id = +given.id",
    )
});

pub(super) static UPDATE_POLLS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["id", "revision", "total_votes", "heat"],
        "UPDATE votify_polls SET revision = given.revision, total_votes = given.total_votes, heat = given.heat FROM given \
         WHERE votify_polls.id = +given.id",
    )
});

/// Writes what counting did to any number of polls.
pub(super) async fn counted(
    connection: &mut SqliteConnection,
    counted: &[Counted],
) -> Result<(), Error> {
    let effects = || counted.iter().map(|one| &one.effects);
    let inserted: Vec<&StandingBallot> = effects().flat_map(|one| &one.inserted).collect();
    let updated: Vec<&StandingBallot> = effects().flat_map(|one| &one.updated).collect();
    let removed: Vec<(PollId, VoterId)> = of_each_poll(counted, |one| one.removed.iter().copied());
    let superseded: Vec<(PollId, &SupersededBallot)> =
        of_each_poll(counted, |one| one.superseded.iter());
    let counts: Vec<(PollId, OptionCount)> = counted
        .iter()
        .flat_map(|one| {
            one.moved
                .iter()
                .map(|count| (one.effects.state.poll.id, *count))
        })
        .collect();
    let states: Vec<&PollState> = effects().map(|one| &one.state).collect();
    let done = Script::default()
        .bulk(&INSERT_VOTES, &inserted, vote)?
        .bulk(&UPDATE_VOTES, &updated, vote)?
        .bulk(&DELETE_VOTES, &removed, |values, (poll, voter)| {
            values.bytes(poll.as_bytes())?;
            values.bytes(voter.as_bytes())
        })?
        .bulk(&INSERT_SUPERSEDED, &superseded, gone)?
        .bulk(&UPDATE_COUNTS, &counts, |values, (poll, entry)| {
            values.bytes(poll.as_bytes())?;
            values.bytes(entry.option.as_bytes())?;
            values.integer(to_signed(entry.count)?)
        })?
        .bulk(&UPDATE_POLLS, &states, |values, state| {
            values.bytes(state.poll.id.as_bytes())?;
            values.integer(to_signed(state.tally.position.revision)?)?;
            values.integer(to_signed(state.tally.total_votes)?)?;
            values.real(state.heat.as_log2())
        })?
        .run(connection)
        .await?;
    let expected = [
        ("votify_votes", inserted.len()),
        ("votify_votes", updated.len()),
        ("votify_votes", removed.len()),
        ("votify_superseded_votes", superseded.len()),
        ("votify_poll_options", counts.len()),
        ("votify_polls", states.len()),
    ];
    expected
        .into_iter()
        .zip(&done)
        .try_for_each(|((table, expected), done)| all_met(table, expected, done))
}

fn of_each_poll<'a, T, I: Iterator<Item = T>>(
    counted: &'a [Counted],
    rows: impl Fn(&'a Effects) -> I,
) -> Vec<(PollId, T)> {
    let of_poll = |one: &'a Counted| {
        let poll = one.effects.state.poll.id;
        rows(&one.effects).map(move |row| (poll, row))
    };
    counted.iter().flat_map(of_poll).collect()
}

fn vote(values: &mut Values, vote: &&StandingBallot) -> Result<(), Error> {
    values.bytes(vote.ballot.poll.as_bytes())?;
    values.bytes(vote.ballot.voter.as_bytes())?;
    values.bytes(vote.ballot.id.as_bytes())?;
    values.bytes(&vote.ballot.choice.to_bytes())?;
    values.integer(to_signed(vote.revision)?)?;
    values.integer(vote.cast_at.as_micros())
}

fn gone(values: &mut Values, (poll, old): &(PollId, &SupersededBallot)) -> Result<(), Error> {
    values.bytes(poll.as_bytes())?;
    values.bytes(old.voter.as_bytes())?;
    values.bytes(old.id.as_bytes())?;
    values.bytes(&old.choice.to_bytes())?;
    values.integer(to_signed(old.revision)?)
}

/// Each of the rows given to a write must have changed one row of the table.
pub(super) fn all_met(table: &'static str, expected: usize, done: &Done) -> Result<(), Error> {
    if usize::try_from(done.changed) == Ok(expected) {
        return Ok(());
    }
    Err(Error::Missed {
        table,
        expected,
        changed: done.changed,
    })
}
