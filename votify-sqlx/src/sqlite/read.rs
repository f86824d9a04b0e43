use std::sync::LazyLock;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, query};
use votify_core::ballot::StandingBallot;
use votify_core::poll::{PollOption, PollState};
use votify_core::{Ballot, BallotId, Choice, OptionId, PollId, VoterId};

use super::script::Script;
use crate::bulk::Bulk;
use crate::dialect::Locked;
use crate::error::Error;
use crate::field::{Fields, Unreadable};
use crate::row::{OptionRow, PollRow};

/// A statement with its parameters.
pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// Everything of a poll `p`, in one row, so that no reader sees half of a change.
pub(super) const POLL: &str = "p.id, p.title, p.description, p.category, p.ballot, p.voters, p.results, p.revote, \
    p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, p.owner, p.key_id, p.version, p.epoch, p.revision, \
    p.total_votes, p.heat, (SELECT json_group_array(json_array(o.position, hex(o.id), o.text, o.vote_count)) \
    FROM votify_poll_options o WHERE o.poll_id = p.id) AS options";

pub(super) static POLLS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["id"],
        &format!("SELECT {POLL} FROM given CROSS JOIN votify_polls p ON p.id = given.id"),
    )
});

pub(super) static VOTES_OF: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, v.poll_id FROM given \
         CROSS JOIN votify_votes v ON v.poll_id = given.poll_id AND v.voter_id = given.voter_id",
    )
});

pub(super) const VOTES_PAGE: &str = "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes \
    WHERE poll_id = ? AND revision > ? AND revision <= ? ORDER BY revision LIMIT ?";

pub(super) const CHOICES: &str =
    "SELECT choice, count(*) FROM votify_votes WHERE poll_id = ? GROUP BY choice";

/// Adds the question for these polls.
pub(super) fn ask_polls(script: Script, ids: &[PollId]) -> Result<Script, Error> {
    script.bulk(&POLLS, ids, |values, id| values.bytes(id.as_bytes()))
}

/// Reads the answer; each error is about its poll alone.
pub(super) fn locked(rows: &[SqliteRow]) -> Result<Vec<Locked>, Error> {
    rows.iter()
        .map(|row| Ok((poll_id(row, 0)?, poll(row))))
        .collect()
}

/// The polls of these ids that exist, in no particular order; each error is about its poll alone.
pub(super) async fn polls(
    connection: &mut SqliteConnection,
    ids: &[PollId],
) -> Result<Vec<Locked>, Error> {
    let done = ask_polls(Script::default(), ids)?.run(connection).await?;
    let [polls] = done.as_slice() else {
        return Ok(Vec::new());
    };
    locked(&polls.rows)
}

pub(super) fn poll_id(row: &SqliteRow, index: usize) -> Result<PollId, Error> {
    let bytes: &[u8] = row.try_get(index)?;
    let nameless = Fields(PollId::from_bytes([0; 16]));
    Ok(PollId::from_bytes(nameless.bytes("the id", bytes)?))
}

/// Reads the columns of [`POLL`].
pub(super) fn poll(row: &SqliteRow) -> Result<PollState, Error> {
    let id = poll_id(row, 0)?;
    let row = PollRow {
        id,
        title: row.try_get(1)?,
        description: row.try_get(2)?,
        category: row.try_get(3)?,
        ballot: row.try_get(4)?,
        voters: row.try_get(5)?,
        results: row.try_get(6)?,
        revote: row.try_get(7)?,
        created_at: row.try_get(8)?,
        opens_at: row.try_get(9)?,
        closes_at: row.try_get(10)?,
        edited_at: row.try_get(11)?,
        sealed_at: row.try_get(12)?,
        owner: row.try_get(13)?,
        key: row.try_get(14)?,
        version: row.try_get(15)?,
        epoch: row.try_get(16)?,
        revision: row.try_get(17)?,
        total_votes: row.try_get(18)?,
        heat: row.try_get(19)?,
        options: options(id, row.try_get(20)?)?,
    };
    Ok(row.into_state()?)
}

fn options(poll: PollId, json: &str) -> Result<Vec<OptionRow>, Unreadable> {
    let read = Fields(poll);
    let mut options: Vec<(i64, OptionId, String, i64)> = read.json("options", json)?;
    options.sort_unstable_by_key(|(position, ..)| *position);
    let row = |(_, id, text, votes)| OptionRow {
        option: PollOption { id, text },
        votes,
    };
    Ok(options.into_iter().map(row).collect())
}

/// Reads voter, ballot, choice, revision and time of a vote, in the first five columns.
pub(super) fn vote(poll: PollId, row: &SqliteRow) -> Result<StandingBallot, Error> {
    let read = Fields(poll);
    Ok(StandingBallot {
        ballot: Ballot {
            id: BallotId::from_bytes(read.bytes("the id of a ballot", row.try_get(1)?)?),
            poll,
            voter: read.voter(row.try_get(0)?)?,
            choice: read.choice(row.try_get(2)?)?,
        },
        revision: read.count("the revision of a ballot", row.try_get(3)?)?,
        cast_at: read.time("the time of a ballot", row.try_get(4)?)?,
    })
}

/// The standing ballots of these voters, in no particular order.
pub(super) async fn votes_of(
    connection: &mut SqliteConnection,
    poll: PollId,
    voters: &[VoterId],
) -> Result<Vec<StandingBallot>, Error> {
    let script = Script::default().bulk(&VOTES_OF, voters, |values, voter| {
        values.bytes(poll.as_bytes())?;
        values.bytes(voter.as_bytes())
    })?;
    let done = script.run(connection).await?;
    done.iter()
        .flat_map(|done| &done.rows)
        .map(|row| vote(poll, row))
        .collect()
}

/// How many standing ballots say what.
pub(super) async fn choices(
    connection: &mut SqliteConnection,
    poll: PollId,
) -> Result<Vec<(Choice, u64)>, Error> {
    let rows = query(AssertSqlSafe(CHOICES))
        .bind(poll.as_bytes().to_vec())
        .fetch_all(connection)
        .await?;
    let read = Fields(poll);
    rows.iter()
        .map(|row| {
            let choice = read.choice(row.try_get(0)?)?;
            Ok((choice, read.count("the ballots", row.try_get(1)?)?))
        })
        .collect()
}
