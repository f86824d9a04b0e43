use std::sync::LazyLock;

use sqlx::query;
use sqlx::sqlite::SqliteConnection;
use votify_core::PollId;
use votify_core::poll::{PollOption, PollState};
use votify_core::store::fold;

use super::read::Statement;
use super::script::Script;
use super::write::all_met;
use crate::bulk::Bulk;
use crate::error::Error;
use crate::field::{to_json, to_signed, to_word};

const INSERT: &str = "INSERT INTO votify_polls (title, title_search, description, category, ballot, voters, results, \
    revote, created_at, opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, epoch, revision, total_votes, \
    heat, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "UPDATE votify_polls SET (title, title_search, description, category, ballot, voters, results, \
    revote, created_at, opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, epoch, revision, total_votes, \
    heat) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?";

static INSERT_OPTIONS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "id", "position", "text", "vote_count"],
        "INSERT INTO votify_poll_options (poll_id, id, position, text, vote_count) \
         SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

/// Everything that belongs to a poll, the poll itself last.
const DELETE: [&str; 4] = [
    "DELETE FROM votify_votes WHERE poll_id = ?",
    "DELETE FROM votify_superseded_votes WHERE poll_id = ?",
    DELETE_OPTIONS,
    "DELETE FROM votify_polls WHERE id = ?",
];
const DELETE_OPTIONS: &str = "DELETE FROM votify_poll_options WHERE poll_id = ?";

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    state: &PollState,
) -> Result<(), Error> {
    let inserted = bind(query(INSERT), state)?
        .execute(&mut *connection)
        .await?;
    if inserted.rows_affected() == 0 {
        return Err(Error::PollExists(state.poll.id));
    }
    insert_options(connection, state).await
}

pub(super) async fn replace(
    connection: &mut SqliteConnection,
    state: &PollState,
) -> Result<(), Error> {
    let id = state.poll.id.as_bytes().to_vec();
    let updated = bind(query(UPDATE), state)?
        .execute(&mut *connection)
        .await?;
    if updated.rows_affected() == 0 {
        return Err(Error::PollNotFound(state.poll.id));
    }
    query(DELETE_OPTIONS)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    insert_options(connection, state).await
}

/// Deletes a poll with all of its rows; whether it was there.
pub(super) async fn delete(connection: &mut SqliteConnection, id: PollId) -> Result<bool, Error> {
    let mut deleted = 0;
    for statement in DELETE {
        let statement = query(statement).bind(id.as_bytes().to_vec());
        deleted = statement.execute(&mut *connection).await?.rows_affected();
    }
    Ok(deleted > 0)
}

/// Binds the columns that [`INSERT`] and [`UPDATE`] share, in their order.
fn bind(statement: Statement, state: &PollState) -> Result<Statement, Error> {
    let PollState { poll, tally, heat } = state;
    Ok(statement
        .bind(poll.title.clone())
        .bind(fold(&poll.title))
        .bind(poll.description.clone())
        .bind(poll.category.clone())
        .bind(to_json("ballot", &poll.rules.ballot)?)
        .bind(to_word("voters", &poll.rules.voters)?)
        .bind(to_word("results", &poll.rules.results)?)
        .bind(poll.rules.revote)
        .bind(poll.created_at.as_micros())
        .bind(poll.opens_at.as_micros())
        .bind(poll.closes_at.map(|time| time.as_micros()))
        .bind(poll.edited_at.map(|time| time.as_micros()))
        .bind(poll.sealed_at.map(|time| time.as_micros()))
        .bind(poll.owner.map(|owner| owner.as_bytes().to_vec()))
        .bind(poll.key.0.to_vec())
        .bind(to_signed(poll.version)?)
        .bind(to_signed(tally.position.epoch)?)
        .bind(to_signed(tally.position.revision)?)
        .bind(to_signed(tally.total_votes)?)
        .bind(heat.as_log2())
        .bind(poll.id.as_bytes().to_vec()))
}

async fn insert_options(connection: &mut SqliteConnection, state: &PollState) -> Result<(), Error> {
    let options: Vec<(i64, &PollOption)> = (0..).zip(&state.poll.options).collect();
    let script =
        Script::default().bulk(&INSERT_OPTIONS, &options, |values, (position, option)| {
            let votes = state.tally.count(option.id).unwrap_or(0);
            values.bytes(state.poll.id.as_bytes())?;
            values.bytes(option.id.as_bytes())?;
            values.integer(*position)?;
            values.text(&option.text)?;
            values.integer(to_signed(votes)?)
        })?;
    let done = script.run(connection).await?;
    done.iter()
        .try_for_each(|done| all_met("votify_poll_options", options.len(), done))
}
