//! The text of every statement. Statements over rows read the rows in their order and
//! look each one up in the named index, whatever the server assumes about the sizes of
//! tables.

use std::sync::LazyLock;

use super::rows::RowFormat;
use crate::backend::{ListedTables, ListingSyntax};
use crate::row_set::Value;
use crate::statement::Statement;

/// Starts a transaction that sees what earlier holders of its locks committed: with READ
/// COMMITTED each statement reads a new snapshot.
pub(super) const BEGIN: &[&str] = &[
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "START TRANSACTION",
];
/// Starts a transaction whose statements read one snapshot.
pub(super) const BEGIN_SNAPSHOT: &[&str] = &[
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];

/// Starts a transaction as [`BEGIN_SNAPSHOT`] does, on a connection of a host's pool: its
/// statements have a timeout until [`ROLLBACK_ON_HOST`]. A connection on which that does
/// not run is closed.
pub(super) const BEGIN_SNAPSHOT_ON_HOST: &[&str] = &[
    "SET @votify_timeout = 0 \
     /*!50708 , @votify_timeout = @@SESSION.max_execution_time, SESSION max_execution_time = 5000 */ \
     /*M! , @votify_timeout = @@SESSION.max_statement_time, SESSION max_statement_time = 5 */",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];
/// Ends a transaction that began with [`BEGIN_SNAPSHOT_ON_HOST`].
pub(super) const ROLLBACK_ON_HOST: &str = "ROLLBACK; SET @votify_ended = 1 \
    /*!50708 , SESSION max_execution_time = @votify_timeout */ \
    /*M! , SESSION max_statement_time = @votify_timeout */";

/// The options of a poll, as the SQL expression of its id, as a JSON array. MySQL has a
/// type for JSON, MariaDB has none.
macro_rules! options {
    ($poll:literal) => {
        concat!(
            "CONVERT((SELECT JSON_ARRAYAGG(JSON_ARRAY(o.ordinal, HEX(o.id), o.`text`)) \
             FROM votify_options o FORCE INDEX (PRIMARY) WHERE o.poll_id = ",
            $poll,
            ") USING utf8mb4)"
        )
    };
}

/// Reads polls `p` with their options in one statement, so that each is of one snapshot.
macro_rules! select_polls {
    () => {
        concat!(
            "SELECT p.id, p.title, p.description, CONVERT(p.category USING utf8mb4), \
             p.ballot_kind, p.voter_policy, p.results_policy, p.allows_revote, \
             p.address_quota, p.created_at, p.opens_at, p.closes_at, p.edited_at, \
             p.sealed_at, p.owner_id, p.owner_kind, p.visibility, CONVERT(p.external_ref \
             USING utf8mb4), p.metadata, p.join_code, p.key_id, p.version, p.epoch, \
             p.revision, p.total_votes, p.vote_counts, p.trending_score, p.log_position, ",
            options!("p.id"),
            ", coalesce(p.row_version, 0)"
        )
    };
}

const SELECT_POLLS: &str = select_polls!();
const LISTED_POLLS: ListedTables = ListedTables {
    all: "votify_polls p FORCE INDEX (votify_polls_{index})",
    with_word: "(SELECT DISTINCT poll_id FROM votify_title_words FORCE INDEX (PRIMARY) \
        WHERE word >= ? AND word < ?) w \
        STRAIGHT_JOIN votify_polls p FORCE INDEX (PRIMARY) ON p.id = w.poll_id",
};

/// Scalar subqueries are never turned into joins, so they are evaluated poll by poll, in
/// the order of the listing's index.
pub(super) const LISTING: ListingSyntax = ListingSyntax {
    polls: LISTED_POLLS,
    trending: LISTED_POLLS,
    trending_rank: "p.trending_rank",
    trending_id: "p.id",
    trending_visibility: "p.visibility",
    trending_unsealed: "p.sealed_at IS NULL",
    has_word: "(SELECT 1 FROM votify_title_words v FORCE INDEX (votify_title_words_by_poll) \
        WHERE v.poll_id = p.id AND v.word >= ? AND v.word < ? LIMIT 1) IS NOT NULL",
    has_ballots: "(p.total_votes > 0 OR p.revision > p.version)",
    closing_value: |micros| Value::Integer(Some(micros)),
    placeholder: |_| "?".into(),
};

/// A statement whose text is built at its first use.
#[derive(Debug)]
pub(super) struct Template {
    text: LazyLock<String>,
    /// `None` if the statement has no rows.
    format: Option<RowFormat>,
}

/// Stands for the first id of the first row.
const FIRST_ID: &str = "{first_id}";
/// Stands for the rows, as JSON.
const ROWS: char = '?';

impl Template {
    const fn new(format: Option<RowFormat>, text: fn() -> String) -> Self {
        Self {
            text: LazyLock::new(text),
            format,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns how the rows are written.
    pub(super) fn format(&self) -> RowFormat {
        self.format.unwrap_or(RowFormat::Values)
    }

    /// Returns the statement with its rows.
    pub(super) fn with_rows(&self, rows: &str, first_id: &str) -> String {
        match self.text.split_once(ROWS) {
            Some((before, after)) if self.format == Some(RowFormat::Json) => {
                let before = before.replace(FIRST_ID, first_id);
                format!("{before}'[{rows}]'{after}")
            }
            _ => format!("{}{rows}", *self.text),
        }
    }
}

/// The type of a column in the JSON, and in the statement.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// 16 bytes, as hexadecimal digits.
    Id,
    /// Bytes, as hexadecimal digits.
    Bytes,
    /// ASCII text, as hexadecimal digits.
    Ascii,
    Integer,
    /// Decimal text, which both servers convert to the nearest number.
    Real,
    /// A time in SQL's form.
    Time,
}

/// The columns of the table `input`, in the order of the values in a row.
#[derive(Debug, Clone, Copy)]
struct InputTable(&'static [(&'static str, Kind)]);

impl InputTable {
    /// Returns the table as a SQL expression.
    fn table(self) -> String {
        let columns = self.0.iter().enumerate().map(|(index, (name, kind))| {
            let sql = match kind {
                Kind::Id | Kind::Real | Kind::Time => "VARCHAR(32)",
                Kind::Bytes | Kind::Ascii => "LONGTEXT",
                Kind::Integer => "BIGINT",
            };
            format!("`{name}` {sql} PATH '$[{index}]' ERROR ON EMPTY ERROR ON ERROR")
        });
        let columns: Vec<_> = columns.collect();
        format!(
            "JSON_TABLE({ROWS}, '$[*]' COLUMNS ({})) input",
            columns.join(", ")
        )
    }

    /// Returns the assignments of these columns to the columns of a table.
    fn assignments(self, table: &str, names: &[&str]) -> String {
        self.pairs(table, names, ", ")
    }

    /// Returns the condition that these columns equal those of a table.
    fn equals(self, table: &str, names: &[&str]) -> String {
        self.pairs(table, names, " AND ")
    }

    fn pairs(self, table: &str, names: &[&str], separator: &str) -> String {
        let columns = self.0.iter().filter(|(name, _)| names.contains(name));
        let pairs = columns.map(|(name, kind)| {
            let value = match kind {
                Kind::Id | Kind::Bytes => format!("UNHEX(input.`{name}`)"),
                Kind::Ascii => format!("CONVERT(UNHEX(input.`{name}`) USING ascii)"),
                Kind::Integer => format!("input.`{name}`"),
                Kind::Real => format!("input.`{name}` + 0e0"),
                Kind::Time => format!("CAST(input.`{name}` AS DATETIME(6))"),
            };
            format!("{table}.`{name}` = {value}")
        });
        pairs.collect::<Vec<_>>().join(separator)
    }

    /// Joins the rows with the rows of a table that have the same keys.
    fn join(self, table: &str, index: &str, keys: &[&str]) -> String {
        let alias = table.rsplit(' ').next().unwrap_or(table);
        let (input, condition) = (self.table(), self.equals(alias, keys));
        format!("{input} STRAIGHT_JOIN {table} FORCE INDEX ({index}) ON {condition}")
    }
}

const POLL: InputTable = InputTable(&[("id", Kind::Id)]);
const SEAL: InputTable = InputTable(&[
    ("id", Kind::Id),
    ("sealed_at", Kind::Time),
    ("closes_at", Kind::Time),
    ("version", Kind::Integer),
    ("revision", Kind::Integer),
]);
const ACCOUNT: InputTable = InputTable(&[("account", Kind::Id)]);
/// The column `id` is the id of the user.
const TOKEN: InputTable = InputTable(&[("id", Kind::Id), ("token_id", Kind::Id)]);
const ADDRESS: InputTable = InputTable(&[("poll_id", Kind::Id), ("address_id", Kind::Id)]);
const VOTER: InputTable = InputTable(&[("poll_id", Kind::Id), ("voter_id", Kind::Id)]);
const BALLOT: InputTable = InputTable(&[
    ("poll_id", Kind::Id),
    ("voter_id", Kind::Id),
    ("ballot_id", Kind::Id),
]);
const VOTE: InputTable = InputTable(&[
    ("poll_id", Kind::Id),
    ("voter_id", Kind::Id),
    ("ballot_id", Kind::Id),
    ("choice", Kind::Bytes),
    ("revision", Kind::Integer),
    ("cast_at", Kind::Time),
]);
const TALLY: InputTable = InputTable(&[
    ("id", Kind::Id),
    ("revision", Kind::Integer),
    ("total_votes", Kind::Integer),
    ("vote_counts", Kind::Ascii),
    ("trending_score", Kind::Real),
    ("log_position", Kind::Integer),
]);

fn join_polls(input: InputTable) -> String {
    input.join("votify_polls p", "PRIMARY", &["id"])
}

fn join_votes(input: InputTable) -> String {
    let keys = ["poll_id", "voter_id"];
    input.join("votify_votes v", "votify_votes_one_per_voter", &keys)
}

fn join_voters(table: &str) -> String {
    VOTER.join(table, "PRIMARY", &["poll_id", "voter_id"])
}

/// The active ballots of voters, the given ballots that are superseded, and the voters who
/// have superseded ballots only. A scalar subquery is not turned into a join.
static READ_HISTORIES: [Template; 3] = [
    Template::new(Some(RowFormat::Json), || {
        let votes = join_votes(VOTER);
        format!(
            "SELECT v.poll_id, v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at FROM {votes}"
        )
    }),
    Template::new(Some(RowFormat::Json), || {
        let keys = ["poll_id", "voter_id", "ballot_id"];
        let superseded = BALLOT.join("votify_superseded_votes s", "PRIMARY", &keys);
        format!(
            "SELECT s.poll_id, s.voter_id, s.ballot_id, s.choice, s.revision, \
             CAST(NULL AS DATETIME(6)) FROM {superseded}"
        )
    }),
    Template::new(Some(RowFormat::Json), || {
        let (ballots, keys) = (BALLOT.table(), ["poll_id", "voter_id"]);
        let (is_superseded, is_active) = (BALLOT.equals("s", &keys), BALLOT.equals("v", &keys));
        format!(
            "SELECT CAST(UNHEX(input.poll_id) AS BINARY(16)), \
             CAST(UNHEX(input.voter_id) AS BINARY(16)), NULL, NULL, NULL, NULL FROM {ballots} \
             WHERE (SELECT 1 FROM votify_superseded_votes s FORCE INDEX (PRIMARY) \
                WHERE {is_superseded} LIMIT 1) IS NOT NULL \
             AND (SELECT 1 FROM votify_votes v FORCE INDEX (votify_votes_one_per_voter) \
                WHERE {is_active} LIMIT 1) IS NULL"
        )
    }),
];

/// Returns the texts of a statement: one, or several over the same rows, whose results
/// are concatenated.
pub(super) fn templates(statement: Statement) -> &'static [Template] {
    macro_rules! template {
        ($format:expr, $($text:tt)+) => {{
            static TEMPLATE: Template = Template::new($format, || format!($($text)+));
            std::slice::from_ref(&TEMPLATE)
        }};
    }
    /// A statement with parameters.
    macro_rules! params {
        ($($text:tt)+) => { template!(None, $($text)+) };
    }
    /// A statement whose rows are a JSON array.
    macro_rules! json {
        ($($text:tt)+) => { template!(Some(RowFormat::Json), $($text)+) };
    }
    /// A statement that ends with its rows.
    macro_rules! values {
        ($($text:tt)+) => { template!(Some(RowFormat::Values), $($text)+) };
    }
    match statement {
        Statement::LockPolls => json!(
            "SELECT p.id, p.epoch, p.revision, coalesce(p.row_version, 0) FROM {} FOR UPDATE",
            join_polls(POLL)
        ),
        Statement::TryLockPolls => json!(
            "SELECT p.id, p.epoch, p.revision, coalesce(p.row_version, 0) FROM {} \
             FOR UPDATE SKIP LOCKED",
            join_polls(POLL)
        ),
        Statement::ReadPolls => json!("{SELECT_POLLS} FROM {}", join_polls(POLL)),
        Statement::ReadTallies => json!(
            "SELECT p.id, p.version, p.sealed_at IS NOT NULL, p.epoch, p.revision, \
             p.total_votes, p.vote_counts, \
             CONVERT((SELECT JSON_ARRAYAGG(JSON_ARRAY(o.ordinal, HEX(o.id))) \
             FROM votify_options o FORCE INDEX (PRIMARY) WHERE o.poll_id = p.id) USING utf8mb4) \
             FROM {}",
            join_polls(POLL)
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
        // Without a row token, the edited poll is not cached until its next batch.
        Statement::UpdatePoll => params!(
            "UPDATE votify_polls SET title = ?, description = ?, category = ?, ballot_kind = ?, voter_policy = \
             ?, results_policy = ?, allows_revote = ?, address_quota = ?, created_at = \
             ?, opens_at = ?, closes_at = ?, edited_at = ?, sealed_at = ?, owner_id = ?, \
             owner_kind = ?, visibility = ?, external_ref = ?, metadata = ?, join_code = \
             ?, key_id = ?, version = ?, epoch = ?, revision = ?, total_votes = ?, \
             vote_counts = ?, trending_score = ?, log_position = ?, \
             row_version = NULL WHERE id = ?"
        ),
        Statement::SealPolls => json!(
            "UPDATE {} SET {}, p.row_version = NULL",
            join_polls(SEAL),
            SEAL.assignments("p", &["sealed_at", "closes_at", "version", "revision"])
        ),
        Statement::InsertOptions => {
            values!("INSERT INTO votify_options (poll_id, ordinal, id, `text`) VALUES ")
        }
        Statement::DeleteOptions => params!("DELETE FROM votify_options WHERE poll_id = ?"),
        Statement::DeletePoll => params!("DELETE FROM votify_polls WHERE id = ?"),
        Statement::CountSessionPolls => params!(
            "SELECT count(*) FROM (SELECT 1 FROM votify_polls \
             FORCE INDEX (votify_polls_of_sessions) WHERE owner_kind = 'session' LIMIT ?) counted"
        ),
        Statement::InsertTitleWords => {
            values!("INSERT INTO votify_title_words (poll_id, word) VALUES ")
        }
        Statement::DeleteTitleWords => {
            params!("DELETE FROM votify_title_words WHERE poll_id = ?")
        }
        Statement::ReadJoinCode => {
            params!("SELECT poll_id FROM votify_join_codes WHERE code = ?")
        }
        Statement::InsertJoinCode => {
            params!("INSERT INTO votify_join_codes (code, poll_id) VALUES (?, ?)")
        }
        Statement::MoveJoinCode => {
            params!("UPDATE votify_join_codes SET poll_id = ? WHERE code = ? AND poll_id = ?")
        }
        Statement::DeleteJoinCode => params!(
            "DELETE c FROM votify_polls p STRAIGHT_JOIN votify_join_codes c \
             FORCE INDEX (PRIMARY) ON c.code = p.join_code AND c.poll_id = p.id WHERE p.id = ?"
        ),

        Statement::ReadHistories => &READ_HISTORIES,
        Statement::ReadVotes => json!(
            "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, {} FROM {}",
            options!("{first_id}"),
            join_votes(VOTER)
        ),
        Statement::ReadRevision => params!(
            "SELECT p.revision, {} FROM votify_polls p WHERE p.id = ?",
            options!("p.id")
        ),
        Statement::ReadVotePage => params!(
            "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes \
             FORCE INDEX (PRIMARY) WHERE poll_id = ? AND revision > ? AND revision <= ? \
             ORDER BY revision LIMIT ?"
        ),
        Statement::CountChoices => params!(
            "SELECT choice, count(*) FROM votify_votes FORCE INDEX (PRIMARY) \
             WHERE poll_id = ? GROUP BY choice"
        ),
        Statement::InsertVotes => values!(
            "INSERT INTO votify_votes (poll_id, voter_id, ballot_id, choice, revision, cast_at) \
             VALUES "
        ),
        Statement::UpdateVotes => json!(
            "UPDATE {} SET {}",
            join_votes(VOTE),
            VOTE.assignments("v", &["ballot_id", "choice", "revision", "cast_at"])
        ),
        Statement::DeleteVotes => json!("DELETE v FROM {}", join_votes(VOTER)),
        Statement::InsertSuperseded => values!(
            "INSERT INTO votify_superseded_votes (poll_id, voter_id, ballot_id, choice, revision) \
             VALUES "
        ),
        // The commit of a batch adds the assignment of the row token.
        Statement::UpdateTallies => json!(
            "UPDATE {} SET {}",
            join_polls(TALLY),
            TALLY.assignments(
                "p",
                &[
                    "revision",
                    "total_votes",
                    "vote_counts",
                    "trending_score",
                    "log_position"
                ]
            )
        ),
        Statement::DeleteVotesOfPoll => {
            params!("DELETE FROM votify_votes WHERE poll_id = ? LIMIT 10000")
        }
        Statement::DeleteSupersededOfPoll => {
            params!("DELETE FROM votify_superseded_votes WHERE poll_id = ? LIMIT 10000")
        }

        Statement::ReadVoteAddresses => json!(
            "SELECT a.poll_id, a.voter_id, a.address_id FROM {}",
            join_voters("votify_vote_addresses a")
        ),
        Statement::CountVoteAddresses => json!(
            "SELECT a.poll_id, a.address_id, count(*) FROM {} GROUP BY a.poll_id, a.address_id",
            ADDRESS.join(
                "votify_vote_addresses a",
                "votify_vote_addresses_by_address",
                &["poll_id", "address_id"]
            )
        ),
        Statement::InsertVoteAddresses => {
            values!("INSERT INTO votify_vote_addresses (poll_id, voter_id, address_id) VALUES ")
        }
        Statement::DeleteVoteAddresses => {
            json!("DELETE a FROM {}", join_voters("votify_vote_addresses a"))
        }
        Statement::DeleteVoteAddressesOfPoll => {
            params!("DELETE FROM votify_vote_addresses WHERE poll_id = ? LIMIT 10000")
        }

        Statement::ReadInvites => {
            json!("SELECT i.voter_id FROM {}", join_voters("votify_invites i"))
        }
        Statement::CountInvites => {
            params!("SELECT count(*) FROM votify_invites FORCE INDEX (PRIMARY) WHERE poll_id = ?")
        }
        Statement::InsertInvites => {
            values!("INSERT INTO votify_invites (poll_id, voter_id) VALUES ")
        }
        Statement::DeleteInvitesOfPoll => {
            params!("DELETE FROM votify_invites WHERE poll_id = ? LIMIT 10000")
        }

        Statement::ReadClaims => json!(
            "SELECT c.session FROM {}",
            ACCOUNT.join("votify_owner_claims c", "PRIMARY", &["account"])
        ),
        Statement::CountClaims => params!(
            "SELECT count(*), count(CASE WHEN session = ? THEN 1 END) \
             FROM votify_owner_claims FORCE INDEX (PRIMARY) WHERE account = ?"
        ),
        Statement::InsertClaim => {
            params!("INSERT INTO votify_owner_claims (account, session) VALUES (?, ?)")
        }

        Statement::ReadServerTime => params!("SELECT UTC_TIMESTAMP(6)"),

        Statement::ReadUserByName => params!(
            "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE name_key = ?"
        ),
        Statement::ReadUser => params!(
            "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE id = ?"
        ),
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
            "DELETE FROM votify_revoked_tokens WHERE expires_at < ? \
             ORDER BY expires_at, token_id LIMIT 100"
        ),
        // Counts instead of an outer join with `IS NULL`: MariaDB 10.11 returns no rows for
        // such a join from the second execution of a prepared statement on.
        Statement::ReadTokens => json!(
            "SELECT u.id, UNHEX(input.token_id), u.token_generation FROM {} \
             WHERE (SELECT count(*) FROM votify_revoked_tokens t FORCE INDEX (PRIMARY) \
             WHERE {}) = 0",
            TOKEN.join("votify_users u", "PRIMARY", &["id"]),
            TOKEN.equals("t", &["token_id"])
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_by_their_index() {
        let input = InputTable(&[("id", Kind::Id), ("revision", Kind::Integer)]);
        assert_eq!(
            input.table(),
            "JSON_TABLE(?, '$[*]' COLUMNS (\
             `id` VARCHAR(32) PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR, \
             `revision` BIGINT PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR)) input"
        );
        assert_eq!(input.equals("p", &["id"]), "p.`id` = UNHEX(input.`id`)");
        assert_eq!(
            input.assignments("p", &["revision"]),
            "p.`revision` = input.`revision`"
        );
    }
}
