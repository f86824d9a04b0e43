use std::sync::LazyLock;

use sqlx::query;
use sqlx::sqlite::SqliteConnection;
use votify_core::PollId;
use votify_core::VoterId;
use votify_core::ballot::{StandingBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::tally::OptionCount;

use super::read::Statement;
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
    let of_polls = || {
        counted
            .iter()
            .map(|one| (one.effects.state.poll.id, &one.effects))
    };
    let inserted: Vec<&StandingBallot> = of_polls().flat_map(|(_, one)| &one.inserted).collect();
    run(
        connection,
        &INSERT_VOTES,
        "votify_votes",
        &inserted,
        bind_vote,
    )
    .await?;
    let updated: Vec<&StandingBallot> = of_polls().flat_map(|(_, one)| &one.updated).collect();
    run(
        connection,
        &UPDATE_VOTES,
        "votify_votes",
        &updated,
        bind_vote,
    )
    .await?;
    let removed: Vec<(PollId, VoterId)> = of_polls()
        .flat_map(|(poll, one)| one.removed.iter().map(move |voter| (poll, *voter)))
        .collect();
    run(
        connection,
        &DELETE_VOTES,
        "votify_votes",
        &removed,
        |statement, (poll, voter)| {
            Ok(statement
                .bind(poll.as_bytes().to_vec())
                .bind(voter.as_bytes().to_vec()))
        },
    )
    .await?;
    let superseded: Vec<(PollId, &SupersededBallot)> = of_polls()
        .flat_map(|(poll, one)| one.superseded.iter().map(move |old| (poll, old)))
        .collect();
    let table = "votify_superseded_votes";
    run(
        connection,
        &INSERT_SUPERSEDED,
        table,
        &superseded,
        bind_superseded,
    )
    .await?;
    let counts: Vec<(PollId, OptionCount)> = counted
        .iter()
        .flat_map(|one| {
            one.moved
                .iter()
                .map(|count| (one.effects.state.poll.id, *count))
        })
        .collect();
    run(
        connection,
        &UPDATE_COUNTS,
        "votify_poll_options",
        &counts,
        |statement, (poll, entry)| {
            Ok(statement
                .bind(poll.as_bytes().to_vec())
                .bind(entry.option.as_bytes().to_vec())
                .bind(to_signed(entry.count)?))
        },
    )
    .await?;
    let states: Vec<&PollState> = counted.iter().map(|one| &one.effects.state).collect();
    run(
        connection,
        &UPDATE_POLLS,
        "votify_polls",
        &states,
        |statement, state| {
            Ok(statement
                .bind(state.poll.id.as_bytes().to_vec())
                .bind(to_signed(state.tally.position.revision)?)
                .bind(to_signed(state.tally.total_votes)?)
                .bind(state.heat.as_log2()))
        },
    )
    .await
}

fn bind_vote(statement: Statement, vote: &&StandingBallot) -> Result<Statement, Error> {
    Ok(statement
        .bind(vote.ballot.poll.as_bytes().to_vec())
        .bind(vote.ballot.voter.as_bytes().to_vec())
        .bind(vote.ballot.id.as_bytes().to_vec())
        .bind(vote.ballot.choice.to_bytes())
        .bind(to_signed(vote.revision)?)
        .bind(vote.cast_at.as_micros()))
}

fn bind_superseded(
    statement: Statement,
    (poll, old): &(PollId, &SupersededBallot),
) -> Result<Statement, Error> {
    Ok(statement
        .bind(poll.as_bytes().to_vec())
        .bind(old.voter.as_bytes().to_vec())
        .bind(old.id.as_bytes().to_vec())
        .bind(old.choice.to_bytes())
        .bind(to_signed(old.revision)?))
}

/// Runs a bulk statement over all these rows; each must change one row of the table.
pub(super) async fn run<T: Sync>(
    connection: &mut SqliteConnection,
    bulk: &Bulk,
    table: &'static str,
    given: &[T],
    bind: impl Fn(Statement, &T) -> Result<Statement, Error> + Send + Sync,
) -> Result<(), Error> {
    let mut changed = 0;
    for piece in bulk.pieces(given) {
        let mut statement = query(piece.text);
        for row in piece.rows {
            statement = bind(statement, row)?;
        }
        for _ in 0..piece.padding {
            statement = statement.bind(None::<i64>);
        }
        changed += statement.execute(&mut *connection).await?.rows_affected();
    }
    if usize::try_from(changed) == Ok(given.len()) {
        return Ok(());
    }
    Err(Error::Missed {
        table,
        expected: given.len(),
        changed,
    })
}
