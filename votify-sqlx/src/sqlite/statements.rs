//! What is said to SQLite.

use std::sync::LazyLock;

use super::bulk::Bulk;
use crate::writes::VOTE;

/// Everything of a poll `p`, in one row, so that no reader sees half of a change.
pub(super) const POLL: &str = "p.id, p.title, p.description, p.category, p.ballot, p.voters, p.results, p.revote, \
    p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, p.owner, p.key_id, p.version, p.epoch, p.revision, \
    p.total_votes, p.heat, (SELECT json_group_array(json_array(o.position, hex(o.id), o.text, o.vote_count)) \
    FROM votify_poll_options o WHERE o.poll_id = p.id) AS options, p.address_quota";

pub(super) static POLLS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["id"],
        &format!("SELECT {POLL} FROM given CROSS JOIN votify_polls p ON p.id = given.id"),
    )
});

pub(super) const REVISION: &str = "SELECT revision FROM votify_polls WHERE id = ?";

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

/// What stands has a time, what was superseded has none.
pub(super) static HISTORIES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id", "ballot_id"],
        "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, v.poll_id FROM given \
         CROSS JOIN votify_votes v ON v.poll_id = given.poll_id AND v.voter_id = given.voter_id \
         UNION ALL \
         SELECT s.voter_id, s.ballot_id, s.choice, s.revision, NULL, s.poll_id FROM given \
         CROSS JOIN votify_superseded_votes s \
         ON s.poll_id = given.poll_id AND s.voter_id = given.voter_id AND s.ballot_id = given.ballot_id",
    )
});

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

pub(super) const INSERT_POLL: &str = "INSERT INTO votify_polls (title, title_search, description, category, ballot, \
    voters, results, revote, created_at, opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, epoch, revision, \
    total_votes, heat, address_quota, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

pub(super) const UPDATE_POLL: &str = "UPDATE votify_polls SET (title, title_search, description, category, ballot, voters, \
    results, revote, created_at, opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, epoch, revision, \
    total_votes, heat, address_quota) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?";

pub(super) static INSERT_OPTIONS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "id", "position", "text", "vote_count"],
        "INSERT INTO votify_poll_options (poll_id, id, position, text, vote_count) \
         SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

pub(super) const DELETE_OPTIONS: &str = "DELETE FROM votify_poll_options WHERE poll_id = ?";

/// Everything that belongs to a poll, the poll itself last.
pub(super) const DELETE: [&str; 6] = [
    "DELETE FROM votify_votes WHERE poll_id = ?",
    "DELETE FROM votify_superseded_votes WHERE poll_id = ?",
    "DELETE FROM votify_invites WHERE poll_id = ?",
    "DELETE FROM votify_places WHERE poll_id = ?",
    DELETE_OPTIONS,
    "DELETE FROM votify_polls WHERE id = ?",
];
