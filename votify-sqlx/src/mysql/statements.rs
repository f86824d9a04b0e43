//! What is said to MySQL and MariaDB. Given rows are always gone through in their order, and each is looked up in the named
//! index, whatever the server thinks of the sizes of tables.

use std::sync::LazyLock;

use super::given::{Given, Kind};
use super::rows::Style;
use crate::writes;

/// A lock's reader sees what was committed before it; nothing is locked but the rows that are met.
pub(super) const BEGIN: [&str; 2] = [
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "START TRANSACTION",
];
/// One moment for several statements.
pub(super) const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
    START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Everything of a poll `p`, in one row, so that no reader sees half of a change. MySQL has a type for JSON, MariaDB has not.
macro_rules! poll {
    ($lock:literal) => {
        concat!(
            "p.id, p.title, p.description, CONVERT(p.category USING utf8mb4), p.ballot, p.voters, p.results, p.revote, \
             p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, p.owner, p.key_id, p.version, p.epoch, \
             p.revision, p.total_votes, p.heat, \
             CONVERT((SELECT JSON_ARRAYAGG(JSON_ARRAY(o.`position`, HEX(o.id), o.`text`, o.vote_count)) \
             FROM votify_poll_options o FORCE INDEX (PRIMARY) WHERE o.poll_id = p.id",
            $lock,
            ") USING utf8mb4) AS options, p.address_quota"
        )
    };
}

pub(super) const POLL: &str = poll!("");

const ID: Given = Given(&[("id", Kind::Id)]);
const ADDRESS: Given = Given(&[("poll_id", Kind::Id), ("address_id", Kind::Id)]);
const VOTER: Given = Given(&[("poll_id", Kind::Id), ("voter_id", Kind::Id)]);
const BALLOT: Given = Given(&[
    ("poll_id", Kind::Id),
    ("voter_id", Kind::Id),
    ("ballot_id", Kind::Id),
]);
const VOTE: Given = Given(&[
    ("poll_id", Kind::Id),
    ("voter_id", Kind::Id),
    ("ballot_id", Kind::Id),
    ("choice", Kind::Bytes),
    ("revision", Kind::Integer),
    ("cast_at", Kind::Moment),
]);
const OLD_VOTE: [&str; 5] = ["poll_id", "voter_id", "ballot_id", "choice", "revision"];
const COUNT: Given = Given(&[
    ("poll_id", Kind::Id),
    ("id", Kind::Id),
    ("vote_count", Kind::Integer),
]);
const STATE: Given = Given(&[
    ("id", Kind::Id),
    ("revision", Kind::Integer),
    ("total_votes", Kind::Integer),
    ("heat", Kind::Real),
]);
const OPTION: [&str; 5] = ["poll_id", "id", "position", "text", "vote_count"];

/// A statement over rows, which is put together at its first use.
#[derive(Debug)]
pub(super) struct Statement {
    text: LazyLock<String>,
    style: Style,
}

impl Statement {
    /// One that has the rows as its only parameter.
    const fn given(text: fn() -> String) -> Self {
        Self {
            text: LazyLock::new(text),
            style: Style::Json,
        }
    }

    /// One that ends with the rows.
    const fn values(text: fn() -> String) -> Self {
        Self {
            text: LazyLock::new(text),
            style: Style::Values,
        }
    }

    pub(super) const fn style(&self) -> Style {
        self.style
    }

    /// With rows in it.
    pub(super) fn with(&self, rows: &str) -> String {
        match self.style {
            Style::Json => self.text.replacen('?', &format!("'[{rows}]'"), 1),
            Style::Values => format!("{}{rows}", *self.text),
        }
    }
}

/// The given rows, each with the row of `table` that it is about.
fn met(given: Given, table: &str, index: &str, keys: &[&str]) -> String {
    let alias = table.rsplit(' ').next().unwrap_or(table);
    let (from, on) = (given.table(), given.is(alias, keys));
    format!("{from} STRAIGHT_JOIN {table} FORCE INDEX ({index}) ON {on}")
}

fn inserted(table: &str, columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|name| format!("`{name}`")).collect();
    format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "))
}

const VOTES: &str = "votify_votes v";
const ONE_PER_VOTER: &str = "votify_votes_one_per_voter";

/// By what a poll is remembered, beside its position: none until a batch was written.
const MARK: &str = "coalesce(p.mark, 0)";

/// Locks polls in the order of the given rows, and reads where they are.
pub(super) static LOCKED_STAMPS: Statement = Statement::given(|| {
    let met = met(ID, "votify_polls p", "PRIMARY", &["id"]);
    format!("SELECT p.id, p.epoch, p.revision, {MARK} FROM {met} FOR UPDATE")
});

/// Locks polls in the order of the given rows, and reads them, with their marks behind. Whoever locks a row reads what was committed last, also where
/// the lock was waited for; the options are locked with their poll for that reason alone.
pub(super) static LOCKED_POLLS: Statement = Statement::given(|| {
    let poll = poll!(" FOR UPDATE");
    let met = met(ID, "votify_polls p", "PRIMARY", &["id"]);
    format!("SELECT {poll}, {MARK} FROM {met} FOR UPDATE")
});

/// In the order of the given rows.
pub(super) static LOCK_POLLS: Statement = Statement::given(|| {
    let met = met(ID, "votify_polls p", "PRIMARY", &["id"]);
    format!("SELECT p.id FROM {met} FOR UPDATE")
});

pub(super) static POLLS: Statement = Statement::given(|| {
    let met = met(ID, "votify_polls p", "PRIMARY", &["id"]);
    format!("SELECT {POLL} FROM {met}")
});

pub(super) const REVISION: &str = "SELECT revision FROM votify_polls WHERE id = ?";

pub(super) static VOTES_OF: Statement = Statement::given(|| {
    let met = met(VOTER, VOTES, ONE_PER_VOTER, &["poll_id", "voter_id"]);
    format!("SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at FROM {met}")
});

pub(super) const VOTES_PAGE: &str = "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes \
    FORCE INDEX (PRIMARY) WHERE poll_id = ? AND revision > ? AND revision <= ? ORDER BY revision LIMIT ?";

pub(super) const CHOICES: &str = "SELECT choice, count(*) FROM votify_votes FORCE INDEX (PRIMARY) \
    WHERE poll_id = ? GROUP BY choice";

/// What stands has a time, what was superseded has none.
pub(super) static STANDING: Statement = Statement::given(|| {
    let met = met(VOTER, VOTES, ONE_PER_VOTER, &["poll_id", "voter_id"]);
    format!("SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, v.poll_id FROM {met}")
});

pub(super) static SUPERSEDED: Statement = Statement::given(|| {
    let keys = ["poll_id", "voter_id", "ballot_id"];
    let met = met(BALLOT, "votify_superseded_votes s", "PRIMARY", &keys);
    format!(
        "SELECT s.voter_id, s.ballot_id, s.choice, s.revision, CAST(NULL AS DATETIME(6)), s.poll_id FROM {met}"
    )
});

/// Fails on a voter who has a vote: the unique index is the judge.
pub(super) static INSERT_VOTES: Statement =
    Statement::values(|| inserted("votify_votes", &writes::VOTE));

pub(super) static UPDATE_VOTES: Statement = Statement::given(|| {
    let met = met(VOTE, VOTES, ONE_PER_VOTER, &["poll_id", "voter_id"]);
    let set = VOTE.set("v", &["ballot_id", "choice", "revision", "cast_at"]);
    format!("UPDATE {met} SET {set}")
});

pub(super) static DELETE_VOTES: Statement = Statement::given(|| {
    let met = met(VOTER, VOTES, ONE_PER_VOTER, &["poll_id", "voter_id"]);
    format!("DELETE v FROM {met}")
});

pub(super) static INSERT_SUPERSEDED: Statement =
    Statement::values(|| inserted("votify_superseded_votes", &OLD_VOTE));

pub(super) static UPDATE_COUNTS: Statement = Statement::given(|| {
    let met = met(
        COUNT,
        "votify_poll_options o",
        "PRIMARY",
        &["poll_id", "id"],
    );
    format!("UPDATE {met} SET {}", COUNT.set("o", &["vote_count"]))
});

/// Ends before the mark of the batch.
pub(super) static UPDATE_POLLS: Statement = Statement::given(|| {
    let met = met(STATE, "votify_polls p", "PRIMARY", &["id"]);
    let set = STATE.set("p", &["revision", "total_votes", "heat"]);
    format!("UPDATE {met} SET {set}, p.mark = ")
});

/// Fails where the id is taken.
pub(super) const INSERT_POLL: &str = "INSERT INTO votify_polls (title, title_search, description, category, ballot, \
    voters, results, revote, created_at, opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, epoch, revision, \
    total_votes, heat, address_quota, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) const UPDATE_POLL: &str = "UPDATE votify_polls SET title = ?, title_search = ?, description = ?, category = ?, \
    ballot = ?, voters = ?, results = ?, revote = ?, created_at = ?, opens_at = ?, closes_at = ?, edited_at = ?, \
    sealed_at = ?, owner = ?, key_id = ?, version = ?, epoch = ?, revision = ?, total_votes = ?, heat = ?, address_quota = ? WHERE id = ?";

pub(super) static INSERT_OPTIONS: Statement =
    Statement::values(|| inserted("votify_poll_options", &OPTION));

pub(super) static INVITED: Statement = Statement::given(|| {
    let keys = ["poll_id", "voter_id"];
    let met = met(VOTER, "votify_invites i", "PRIMARY", &keys);
    format!("SELECT i.voter_id FROM {met}")
});

pub(super) const COUNT_INVITES: &str =
    "SELECT count(*) FROM votify_invites FORCE INDEX (PRIMARY) WHERE poll_id = ?";

/// Fails on who is invited already.
pub(super) static INSERT_INVITES: Statement =
    Statement::values(|| inserted("votify_invites", &["poll_id", "voter_id"]));

pub(super) static PLACES: Statement = Statement::given(|| {
    let keys = ["poll_id", "voter_id"];
    let met = met(VOTER, "votify_places p", "PRIMARY", &keys);
    format!("SELECT p.voter_id, p.address_id FROM {met}")
});

pub(super) static TAKEN: Statement = Statement::given(|| {
    let (index, keys) = ("votify_places_by_address", ["poll_id", "address_id"]);
    let met = met(ADDRESS, "votify_places p", index, &keys);
    format!("SELECT p.address_id, count(*) FROM {met} GROUP BY p.address_id")
});

pub(super) static FREE_PLACES: Statement = Statement::given(|| {
    let keys = ["poll_id", "voter_id"];
    let met = met(VOTER, "votify_places p", "PRIMARY", &keys);
    format!("DELETE p FROM {met}")
});

/// Fails on who has a place.
pub(super) static TAKE_PLACES: Statement = Statement::values(|| {
    let columns = ["poll_id", "voter_id", "address_id"];
    inserted("votify_places", &columns)
});

pub(super) const DELETE_OPTIONS: &str = "DELETE FROM votify_poll_options WHERE poll_id = ?";

/// Everything that belongs to a locked poll, the poll itself last.
pub(super) const DELETE: [&str; 6] = [
    "DELETE FROM votify_votes WHERE poll_id = ?",
    "DELETE FROM votify_superseded_votes WHERE poll_id = ?",
    "DELETE FROM votify_invites WHERE poll_id = ?",
    "DELETE FROM votify_places WHERE poll_id = ?",
    DELETE_OPTIONS,
    "DELETE FROM votify_polls WHERE id = ?",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_read_as_they_are_written() {
        let names: Vec<_> = VOTE.0.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, writes::VOTE);
    }
}
