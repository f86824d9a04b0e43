//! The SQL of every statement for SQLite.
//!
//! SQLite does not reorder the tables of a `CROSS JOIN`. So the given rows drive the
//! plan, and each is an index lookup. In an `UPDATE`, a plus sign before a given value
//! does the same: SQLite cannot use the comparison to look up the given rows.

use std::sync::LazyLock;

use super::rows::RowStatement;
use crate::backend::{ListedTables, ListingSyntax};
use crate::row_set::Value;
use crate::statement::Statement;

/// Begins a transaction that locks the whole database for writing, and therefore every
/// poll.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Begins a transaction whose first read takes a snapshot.
pub(super) const SNAPSHOT: &str = "BEGIN";

/// The text of a statement.
#[derive(Debug)]
pub(super) enum Text {
    Params(&'static str),
    Rows(RowStatement),
}

/// The options of a poll `p`.
macro_rules! options {
    () => {
        "(SELECT json_group_array(json_array(o.ordinal, hex(o.id), o.text)) \
         FROM votify_options o WHERE o.poll_key = p.poll_key)"
    };
}

/// A poll `p`, in one row.
macro_rules! poll {
    () => {
        concat!(
            "SELECT p.id, p.title, p.description, p.category, p.ballot_kind, \
             p.voter_policy, p.results_policy, p.allows_revote, p.address_quota, \
             p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, \
             p.owner_id, p.owner_kind, p.visibility, p.external_ref, p.metadata, \
             p.join_code, p.key_id, p.version, p.epoch, p.revision, p.total_votes, \
             p.vote_counts, p.trending_score, p.log_position, ",
            options!(),
            ", 0"
        )
    };
}

const LISTED_POLLS: ListedTables = ListedTables {
    all: "votify_polls p INDEXED BY votify_polls_{index}",
    with_word: "(SELECT DISTINCT poll_key FROM votify_title_words WHERE word >= ? AND word < ?) w \
        CROSS JOIN votify_polls p ON p.poll_key = w.poll_key",
};

pub(super) const LISTING: ListingSyntax = ListingSyntax {
    polls: LISTED_POLLS,
    trending: LISTED_POLLS,
    trending_rank: "p.trending_rank",
    trending_id: "p.id",
    trending_visibility: "p.visibility",
    trending_unsealed: "p.sealed_at IS NULL",
    has_word: "(SELECT 1 FROM votify_title_words v INDEXED BY votify_title_words_by_poll \
        WHERE v.poll_key = p.poll_key AND v.word >= ? AND v.word < ? LIMIT 1) IS NOT NULL",
    has_ballots: "(p.total_votes > 0 OR p.revision > p.version)",
    closing_value: |micros| Value::Integer(Some(micros)),
    placeholder: |_| "?".into(),
};

/// The given rows with their polls `p`.
macro_rules! given_polls {
    () => {
        "FROM given CROSS JOIN votify_polls p ON p.id = given.poll_id "
    };
}

/// Everything of a table that belongs to a poll.
macro_rules! of_poll {
    () => {
        "poll_key = (SELECT poll_key FROM votify_polls WHERE id = ?)"
    };
}

macro_rules! rows {
    ($columns:literal, $($sql:expr),+ $(,)?) => {{
        static TEXT: LazyLock<Text> =
            LazyLock::new(|| Text::Rows(RowStatement::new($columns, concat!($($sql),+))));
        &TEXT
    }};
}

macro_rules! params {
    ($($sql:expr),+ $(,)?) => {
        &Text::Params(concat!($($sql),+))
    };
}

/// Returns the text of a statement.
pub(super) fn text(statement: Statement) -> &'static Text {
    match statement {
        // The transaction has locked the whole database.
        Statement::LockPolls | Statement::TryLockPolls => rows!(
            "poll_id",
            "SELECT p.id, p.epoch, p.revision, 0 ",
            given_polls!()
        ),
        Statement::ReadPolls => rows!("poll_id", poll!(), " ", given_polls!()),
        Statement::ReadTallies => rows!(
            "poll_id",
            "SELECT p.id, p.version, p.sealed_at IS NOT NULL, p.epoch, p.revision, p.total_votes, \
             p.vote_counts, (SELECT json_group_array(json_array(o.ordinal, hex(o.id))) \
             FROM votify_options o WHERE o.poll_key = p.poll_key) ",
            given_polls!()
        ),
        Statement::InsertPoll => params!(
            "INSERT INTO votify_polls (title, description, category, ballot_kind, voter_policy, results_policy, \
             allows_revote, address_quota, created_at, opens_at, closes_at, edited_at, \
             sealed_at, owner_id, owner_kind, visibility, external_ref, metadata, \
             join_code, key_id, version, epoch, revision, total_votes, vote_counts, \
             trending_score, log_position, id) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
             ?, ?)"
        ),
        Statement::UpdatePoll => params!(
            "UPDATE votify_polls SET (title, description, category, ballot_kind, voter_policy, results_policy, \
             allows_revote, address_quota, created_at, opens_at, closes_at, edited_at, \
             sealed_at, owner_id, owner_kind, visibility, external_ref, metadata, \
             join_code, key_id, version, epoch, revision, total_votes, vote_counts, \
             trending_score, log_position) \
             = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
             ?) WHERE id = ?"
        ),
        Statement::SealPolls => rows!(
            "poll_id, sealed_at, closes_at, version, revision",
            "UPDATE votify_polls SET sealed_at = given.sealed_at, closes_at = given.closes_at, \
             version = given.version, revision = given.revision FROM given \
             WHERE votify_polls.id = +given.poll_id"
        ),
        Statement::InsertOptions => rows!(
            "poll_id, ordinal, id, text",
            "INSERT INTO votify_options (poll_key, ordinal, id, text) \
             SELECT p.poll_key, given.ordinal, given.id, given.text ",
            given_polls!()
        ),
        Statement::DeleteOptions => params!("DELETE FROM votify_options WHERE ", of_poll!()),
        Statement::DeletePoll => params!("DELETE FROM votify_polls WHERE id = ?"),
        Statement::CountSessionPolls => params!(
            "SELECT count(*) FROM (SELECT 1 FROM votify_polls \
             INDEXED BY votify_polls_of_sessions WHERE owner_kind = 'session' LIMIT ?)"
        ),
        Statement::InsertTitleWords => rows!(
            "poll_id, word",
            "INSERT INTO votify_title_words (poll_key, word) SELECT p.poll_key, given.word ",
            given_polls!()
        ),
        Statement::DeleteTitleWords => params!("DELETE FROM votify_title_words WHERE ", of_poll!()),
        Statement::ReadJoinCode => params!("SELECT poll_id FROM votify_join_codes WHERE code = ?"),
        Statement::InsertJoinCode => {
            params!("INSERT INTO votify_join_codes (code, poll_id) VALUES (?, ?)")
        }
        Statement::MoveJoinCode => {
            params!("UPDATE votify_join_codes SET poll_id = ? WHERE code = ? AND poll_id = ?")
        }
        Statement::DeleteJoinCode => params!(
            "DELETE FROM votify_join_codes WHERE (code, poll_id) \
             = (SELECT join_code, id FROM votify_polls WHERE id = ?)"
        ),

        Statement::ReadHistories => rows!(
            "poll_id, voter_id, ballot_id",
            "SELECT p.id, v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at ",
            given_polls!(),
            "CROSS JOIN votify_votes v ON v.poll_key = p.poll_key AND v.voter_id = given.voter_id \
             UNION ALL \
             SELECT p.id, s.voter_id, s.ballot_id, s.choice, s.revision, NULL ",
            given_polls!(),
            "CROSS JOIN votify_superseded_votes s ON s.poll_key = p.poll_key \
             AND s.voter_id = given.voter_id AND s.ballot_id = given.ballot_id \
             UNION ALL \
             SELECT p.id, given.voter_id, NULL, NULL, NULL, NULL ",
            given_polls!(),
            "WHERE p.allows_revote \
             AND NOT EXISTS (SELECT 1 FROM votify_votes v \
                WHERE v.poll_key = p.poll_key AND v.voter_id = given.voter_id) \
             AND EXISTS (SELECT 1 FROM votify_superseded_votes s \
                WHERE s.poll_key = p.poll_key AND s.voter_id = given.voter_id)"
        ),
        Statement::ReadVotes => rows!(
            "poll_id, voter_id",
            "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, ",
            options!(),
            " ",
            given_polls!(),
            "CROSS JOIN votify_votes v ON v.poll_key = p.poll_key AND v.voter_id = given.voter_id"
        ),
        Statement::ReadRevision => {
            params!(
                "SELECT p.revision, ",
                options!(),
                " FROM votify_polls p WHERE p.id = ?"
            )
        }
        Statement::ReadVotePage => params!(
            "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes WHERE ",
            of_poll!(),
            " AND revision > ? AND revision <= ? ORDER BY revision LIMIT ?"
        ),
        Statement::CountChoices => params!(
            "SELECT choice, count(*) FROM votify_votes WHERE ",
            of_poll!(),
            " GROUP BY choice"
        ),
        Statement::InsertVotes => rows!(
            "poll_id, voter_id, ballot_id, choice, revision, cast_at",
            "INSERT INTO votify_votes (poll_key, voter_id, ballot_id, choice, revision, cast_at) \
             SELECT p.poll_key, given.voter_id, given.ballot_id, given.choice, given.revision, \
             given.cast_at ",
            given_polls!()
        ),
        Statement::UpdateVotes => rows!(
            "poll_id, voter_id, ballot_id, choice, revision, cast_at",
            "UPDATE votify_votes SET ballot_id = given.ballot_id, choice = given.choice, \
             revision = given.revision, cast_at = given.cast_at FROM given \
             WHERE votify_votes.poll_key = \
             +(SELECT poll_key FROM votify_polls WHERE id = given.poll_id) \
             AND votify_votes.voter_id = +given.voter_id"
        ),
        Statement::DeleteVotes => rows!(
            "poll_id, voter_id",
            "DELETE FROM votify_votes WHERE (poll_key, voter_id) IN \
             (SELECT p.poll_key, given.voter_id ",
            given_polls!(),
            ")"
        ),
        Statement::InsertSuperseded => rows!(
            "poll_id, voter_id, ballot_id, choice, revision",
            "INSERT INTO votify_superseded_votes (poll_key, voter_id, ballot_id, choice, revision) \
             SELECT p.poll_key, given.voter_id, given.ballot_id, given.choice, given.revision ",
            given_polls!()
        ),
        Statement::UpdateTallies => rows!(
            "poll_id, revision, total_votes, vote_counts, trending_score, log_position",
            "UPDATE votify_polls SET revision = given.revision, total_votes = given.total_votes, \
             vote_counts = given.vote_counts, trending_score = given.trending_score, \
             log_position = given.log_position FROM given \
             WHERE votify_polls.id = +given.poll_id"
        ),
        Statement::DeleteVotesOfPoll => params!("DELETE FROM votify_votes WHERE ", of_poll!()),
        Statement::DeleteSupersededOfPoll => {
            params!("DELETE FROM votify_superseded_votes WHERE ", of_poll!())
        }

        Statement::ReadVoteAddresses => rows!(
            "poll_id, voter_id",
            "SELECT p.id, a.voter_id, a.address_id ",
            given_polls!(),
            "CROSS JOIN votify_vote_addresses a ON a.poll_key = p.poll_key \
             AND a.voter_id = given.voter_id"
        ),
        Statement::CountVoteAddresses => rows!(
            "poll_id, address_id",
            "SELECT p.id, a.address_id, count(*) ",
            given_polls!(),
            "CROSS JOIN votify_vote_addresses a ON a.poll_key = p.poll_key \
             AND a.address_id = given.address_id GROUP BY p.id, a.address_id"
        ),
        Statement::InsertVoteAddresses => rows!(
            "poll_id, voter_id, address_id",
            "INSERT INTO votify_vote_addresses (poll_key, voter_id, address_id) \
             SELECT p.poll_key, given.voter_id, given.address_id ",
            given_polls!()
        ),
        Statement::DeleteVoteAddresses => rows!(
            "poll_id, voter_id",
            "DELETE FROM votify_vote_addresses WHERE (poll_key, voter_id) IN \
             (SELECT p.poll_key, given.voter_id ",
            given_polls!(),
            ")"
        ),
        Statement::DeleteVoteAddressesOfPoll => {
            params!("DELETE FROM votify_vote_addresses WHERE ", of_poll!())
        }

        Statement::ReadInvites => rows!(
            "poll_id, voter_id",
            "SELECT i.voter_id ",
            given_polls!(),
            "CROSS JOIN votify_invites i ON i.poll_key = p.poll_key AND i.voter_id = given.voter_id"
        ),
        Statement::CountInvites => {
            params!("SELECT count(*) FROM votify_invites WHERE ", of_poll!())
        }
        Statement::InsertInvites => rows!(
            "poll_id, voter_id",
            "INSERT INTO votify_invites (poll_key, voter_id) SELECT p.poll_key, given.voter_id ",
            given_polls!()
        ),
        Statement::DeleteInvitesOfPoll => params!("DELETE FROM votify_invites WHERE ", of_poll!()),

        Statement::ReadClaims => rows!(
            "account",
            "SELECT c.session FROM given \
             CROSS JOIN votify_owner_claims c ON c.account = given.account"
        ),
        Statement::CountClaims => params!(
            "SELECT count(*), count(CASE WHEN session = ? THEN 1 END) \
             FROM votify_owner_claims WHERE account = ?"
        ),
        Statement::InsertClaim => {
            params!("INSERT INTO votify_owner_claims (account, session) VALUES (?, ?)")
        }

        // SQLite has the clock of its process.
        Statement::ReadServerTime => params!("SELECT NULL"),

        Statement::ReadUserByName => params!(
            "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE name_key = ?"
        ),
        Statement::ReadUser => {
            params!(
                "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE id = ?"
            )
        }
        Statement::InsertUser => params!(
            "INSERT INTO votify_users \
             (id, name, name_key, password_hash, created_at, token_generation) \
             VALUES (?, ?, ?, ?, ?, ?)"
        ),
        Statement::UpdatePassword => params!(
            "UPDATE votify_users SET password_hash = ?, token_generation = ? \
             WHERE id = ? AND token_generation = ?"
        ),
        Statement::InsertRevocation => {
            params!("INSERT INTO votify_revoked_tokens (token_id, expires_at) VALUES (?, ?)")
        }
        Statement::DeleteExpiredRevocations => params!(
            "DELETE FROM votify_revoked_tokens WHERE token_id IN \
             (SELECT token_id FROM votify_revoked_tokens WHERE expires_at < ? \
             ORDER BY expires_at LIMIT 100)"
        ),
        Statement::ReadTokens => rows!(
            "user_id, token_id",
            "SELECT given.user_id, given.token_id, u.token_generation FROM given \
             CROSS JOIN votify_users u ON u.id = given.user_id \
             LEFT JOIN votify_revoked_tokens r ON r.token_id = given.token_id \
             WHERE r.token_id IS NULL"
        ),
    }
}
