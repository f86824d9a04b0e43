//! The SQL text of every statement. Rows are bound as one array per column, so that a
//! statement has one text for any number of rows.
//!
//! PostgreSQL does not reorder a subquery with `OFFSET`. So the given rows drive the
//! plan, and each is an index lookup, whatever the statistics say. Rows that were found
//! this way are updated by their `ctid`, without a second lookup.

use crate::backend::{ListedTables, ListingSyntax};
use crate::db_timestamp::DbTimestamp;
use crate::row_set::Value;
use crate::statement::Statement;

/// Begins a write transaction on a connection that was prepared by [`session_settings`].
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Begins a transaction that reads one snapshot.
pub(super) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off; SET LOCAL statement_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'";
/// Begins a transaction for one large statement on a connection of a host's pool.
pub(super) const BEGIN_LARGE_READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; \
    SET LOCAL jit = off; SET LOCAL statement_timeout = '5s'";

/// The settings of a session that casts votes.
///
/// - Waits for locks are bounded, and the server ends transactions whose client is gone.
/// - The server ends a statement soon after an engine has stopped waiting for it.
/// - Plans are generic and use indexes whatever the statistics say: a table that was
///   small when it was last analyzed may have a hundred thousand votes a second later.
/// - A statement without `BEGIN` runs as in a transaction by [`BEGIN`], whatever the
///   database has as its default.
const SETTINGS: [(&str, &str); 10] = [
    ("lock_timeout", "'3s'"),
    ("statement_timeout", "'5s'"),
    ("idle_in_transaction_session_timeout", "'5s'"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("default_transaction_isolation", "'read committed'"),
    ("default_transaction_read_only", "off"),
];

/// Returns the statements that prepare a connection of the store's own pool.
pub(super) fn session_settings() -> String {
    SETTINGS
        .map(|(name, value)| format!("SET {name} = {value};"))
        .concat()
}

/// Begins a write transaction on a connection of a host's pool, and prepares it until the
/// end of the transaction.
pub(super) fn begin_on_host() -> String {
    let settings = SETTINGS.map(|(name, value)| format!("; SET LOCAL {name} = {value}"));
    format!("{BEGIN}{}", settings.concat())
}

/// The options of a poll as JSON. The argument is the poll's id.
macro_rules! options {
    ($poll:literal) => {
        concat!(
            "(SELECT json_agg(json_build_array(o.ordinal, o.id, o.text))::text \
              FROM votify_options o WHERE o.poll_id = ",
            $poll,
            ")"
        )
    };
}

/// The columns of a poll `p` with its tally `t`, in one row, so that no reader sees half
/// of a change.
macro_rules! select_poll {
    () => {
        concat!(
            "SELECT p.id, p.title, p.description, p.category, p.ballot_kind, \
             p.voter_policy, p.results_policy, p.allows_revote, p.address_quota, \
             p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, \
             p.owner_id, p.owner_kind, p.visibility, p.external_ref, p.metadata, \
             p.join_code, p.key_id, p.version, t.epoch, t.revision, t.total_votes, \
             array_to_json(t.vote_counts)::text, t.trending_score, t.log_position, ",
            options!("p.id"),
            ", t.xmin::text::bigint"
        )
    };
}

/// The polls with a word of the title in a range.
macro_rules! polls_with_word {
    () => {
        "(SELECT DISTINCT poll_id FROM (SELECT poll_id FROM votify_title_words \
            WHERE word >= ? AND word < ? OFFSET 0) AS found OFFSET 0) AS w \
         CROSS JOIN LATERAL (SELECT * FROM votify_polls WHERE id = w.poll_id OFFSET 0) AS p"
    };
}

/// Scalar subqueries are never turned into joins, so they are evaluated poll by poll, in
/// the order of the listing's index.
pub(super) const LISTING: ListingSyntax = ListingSyntax {
    polls: ListedTables {
        all: "votify_polls p",
        with_word: polls_with_word!(),
    },
    trending: ListedTables {
        all: "votify_tallies t JOIN votify_polls p ON p.id = t.poll_id",
        with_word: concat!(
            polls_with_word!(),
            " CROSS JOIN LATERAL (SELECT * FROM votify_tallies \
                WHERE poll_id = w.poll_id OFFSET 0) AS t"
        ),
    },
    trending_rank: "t.trending_rank",
    trending_id: "t.poll_id",
    trending_visibility: "t.visibility",
    trending_unsealed: "NOT t.is_sealed",
    has_word: "(SELECT 1 FROM votify_title_words \
        WHERE poll_id = p.id AND word >= ? AND word < ? LIMIT 1) IS NOT NULL",
    has_ballots: "(SELECT b.total_votes > 0 OR b.revision > p.version FROM votify_tallies b \
        WHERE b.poll_id = p.id)",
    closing_value: |micros| Value::Time(Some(DbTimestamp(micros))),
    placeholder: |number| format!("${number}"),
};

/// Converts a JSON array of counts to an array.
macro_rules! counts {
    ($json:literal) => {
        concat!("translate(", $json, ", '[]', '{}')::bigint[]")
    };
}

/// Active ballots have a time, superseded ones have none, and voters who have superseded
/// ballots only have no ballot. The arguments are the arrays of polls and voters, and the
/// arrays of polls, voters and ballots that may be superseded. `OFFSET 0` keeps the lookups
/// from becoming joins that read a whole table.
macro_rules! histories {
    ($polls:literal, $voters:literal; $superseded_polls:literal, $superseded_voters:literal, $ballots:literal) => {
        concat!(
            "SELECT v.poll_id, v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at \
             FROM unnest(",
            $polls,
            "::uuid[], ",
            $voters,
            "::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS v \
             UNION ALL \
             SELECT s.poll_id, s.voter_id, s.ballot_id, s.choice, s.revision, NULL \
             FROM unnest(",
            $superseded_polls,
            "::uuid[], ",
            $superseded_voters,
            "::uuid[], ",
            $ballots,
            "::uuid[]) AS given (poll_id, voter_id, ballot_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_superseded_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id \
                    AND ballot_id = given.ballot_id OFFSET 0) AS s \
             UNION ALL \
             SELECT given.poll_id, given.voter_id, NULL, NULL, NULL, NULL \
             FROM unnest(",
            $superseded_polls,
            "::uuid[], ",
            $superseded_voters,
            "::uuid[]) AS given (poll_id, voter_id) \
             WHERE NOT EXISTS (SELECT FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) \
             AND EXISTS (SELECT FROM votify_superseded_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0)"
        )
    };
}

/// Deletes some rows of a poll.
macro_rules! delete_some {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ctid = ANY(ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE poll_id = $1 LIMIT 10000))"
        )
    };
}

macro_rules! insert_votes {
    ($rows:literal, $condition:literal) => {
        concat!(
            "INSERT INTO votify_votes (poll_id, voter_id, ballot_id, choice, revision, cast_at) \
             SELECT * FROM unnest(",
            $rows,
            ") WHERE ",
            $condition
        )
    };
}

macro_rules! update_votes {
    ($rows:literal, $condition:literal) => {
        concat!(
            "UPDATE votify_votes v SET ballot_id = given.ballot_id, choice = given.choice, \
                revision = given.revision, cast_at = given.cast_at \
             FROM unnest(",
            $rows,
            ") AS given (poll_id, voter_id, ballot_id, choice, revision, cast_at) \
             CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS found \
             WHERE ",
            $condition,
            " AND v.ctid = found.tuple_id"
        )
    };
}

macro_rules! delete_votes {
    ($rows:literal, $condition:literal) => {
        concat!(
            "DELETE FROM votify_votes v USING unnest(",
            $rows,
            ") AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS found \
             WHERE ",
            $condition,
            " AND v.ctid = found.tuple_id"
        )
    };
}

macro_rules! insert_superseded {
    ($rows:literal, $condition:literal) => {
        concat!(
            "INSERT INTO votify_superseded_votes (poll_id, voter_id, ballot_id, choice, revision) \
             SELECT * FROM unnest(",
            $rows,
            ") WHERE ",
            $condition
        )
    };
}

/// The argument selects the tallies to write as `given`, and joins them with `t`.
macro_rules! update_tallies {
    ($from:expr) => {
        concat!(
            "UPDATE votify_tallies t SET revision = given.revision, \
                total_votes = given.total_votes, vote_counts = ",
            counts!("given.vote_counts"),
            ", trending_score = given.trending_score, log_position = given.log_position FROM ",
            $from
        )
    };
}

/// The tallies of locked polls, for [`update_tallies`].
macro_rules! given_tallies {
    ($rows:literal) => {
        concat!(
            "unnest(",
            $rows,
            ") AS given (poll_id, revision, total_votes, vote_counts, trending_score, log_position) \
             CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_tallies \
                WHERE poll_id = given.poll_id OFFSET 0) AS found \
             WHERE t.ctid = found.tuple_id"
        )
    };
}

/// The writes of a batch as common table expressions, if a condition holds: `$1` to `$6`
/// are inserted votes, `$7` to `$12` updated ones, `$13` and `$14` deleted ones, `$15` to
/// `$19` superseded ballots. A voter who has a vote violates the primary key.
macro_rules! writes {
    ($condition:literal, $tallies:expr) => {
        concat!(
            "inserted AS (",
            insert_votes!(
                "$1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[], $6::timestamptz[]",
                $condition
            ),
            " RETURNING 1), updated AS (",
            update_votes!(
                "$7::uuid[], $8::uuid[], $9::uuid[], $10::bytea[], $11::bigint[], $12::timestamptz[]",
                $condition
            ),
            " RETURNING 1), deleted AS (",
            delete_votes!("$13::uuid[], $14::uuid[]", $condition),
            " RETURNING 1), superseded AS (",
            insert_superseded!(
                "$15::uuid[], $16::uuid[], $17::uuid[], $18::bytea[], $19::bigint[]",
                $condition
            ),
            " RETURNING 1), tallies AS (",
            update_tallies!($tallies),
            " RETURNING t.xmin)"
        )
    };
}

/// Writes a batch in locked polls. `$20` to `$25` are the tallies. Returns how many rows
/// each write changed, and the transaction id.
pub(super) const CAST: &str = concat!(
    "WITH ",
    writes!(
        "true",
        given_tallies!(
            "$20::uuid[], $21::bigint[], $22::bigint[], $23::text[], $24::float8[], $25::bigint[]"
        )
    ),
    " SELECT (SELECT count(*) FROM inserted), (SELECT count(*) FROM updated), \
        (SELECT count(*) FROM deleted), (SELECT count(*) FROM superseded), \
        (SELECT count(*) FROM tallies), (SELECT max(xmin::text::bigint) FROM tallies)"
);

/// The kinds of rows that [`CAST_OPTIMISTIC`] returns, in column 6. Histories have kind
/// 0.
pub(super) const VERSION_ROW: i64 = 1;
pub(super) const COMMITTED_ROW: i64 = 2;

/// Writes a batch if all polls have the expected row versions and are not locked by
/// another transaction, and no voter has a history. `$20` to `$25` are the tallies, `$26`
/// to `$29` the expected polls, epochs, revisions and row tokens, `$30` and `$31` the
/// voters, `$32` to `$34` the ballots that may be superseded.
///
/// Returns the transaction id, and fails (division by zero) if a write changed another
/// number of rows than it has. `NULL` must not be divided: that would be no error. If the
/// condition does not hold, returns the histories and the row versions.
///
/// `FOR UPDATE` re-evaluates a row that another transaction changed after this statement
/// began, and then its row version differs. So all locked rows are as the statement's
/// snapshot shows them. Every write waits for all locks, because it depends on their
/// number. The histories come first: if they exclude every poll, no row is locked, so
/// the transaction has nothing to commit.
///
/// The polls that change are the first of the expected ones, in the order of the tallies.
/// They are updated by the `ctid` with which they were locked.
pub(super) const CAST_OPTIMISTIC: &str = concat!(
    "WITH histories (poll_id, voter_id, ballot_id, choice, revision, cast_at) AS MATERIALIZED (",
    histories!("$30", "$31"; "$32", "$33", "$34"),
    "), unchanged AS MATERIALIZED ( \
        SELECT tally.tuple_id, given.revision, given.total_votes, given.vote_counts, \
            given.trending_score, given.log_position \
        FROM unnest($26::uuid[], $27::bigint[], $28::bigint[], $29::bigint[], \
                $21::bigint[], $22::bigint[], $23::text[], $24::float8[], $25::bigint[]) \
            AS given (poll_id, epoch, expected_revision, row_token, \
                revision, total_votes, vote_counts, trending_score, log_position) \
        CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_tallies \
            WHERE poll_id = given.poll_id AND epoch = given.epoch AND revision = given.expected_revision \
                AND xmin::text::bigint = given.row_token FOR UPDATE SKIP LOCKED) AS tally \
        WHERE NOT EXISTS (SELECT FROM histories)), \
    condition (holds) AS MATERIALIZED ( \
        SELECT (SELECT count(*) FROM unchanged) = cardinality($26::uuid[])), ",
    writes!(
        "(SELECT holds FROM condition)",
        "unchanged AS given WHERE (SELECT holds FROM condition) \
            AND given.revision IS NOT NULL AND t.ctid = given.tuple_id"
    ),
    " SELECT NULL::uuid, NULL::uuid, NULL::uuid, NULL::bytea, NULL::bigint, NULL::timestamptz, \
        2::bigint, NULL::uuid, NULL::bigint, NULL::bigint, \
        coalesce((SELECT max(xmin::text::bigint) FROM tallies), 0) / ( \
            (SELECT count(*) FROM inserted) = cardinality($1::uuid[]) \
            AND (SELECT count(*) FROM updated) = cardinality($7::uuid[]) \
            AND (SELECT count(*) FROM deleted) = cardinality($13::uuid[]) \
            AND (SELECT count(*) FROM superseded) = cardinality($15::uuid[]) \
            AND (SELECT count(*) FROM tallies) = cardinality($20::uuid[]))::int \
        WHERE (SELECT holds FROM condition) \
    UNION ALL \
    SELECT poll_id, voter_id, ballot_id, choice, revision, cast_at, 0, NULL, NULL, NULL, NULL FROM histories \
    UNION ALL \
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, 1, t.poll_id, t.epoch, t.revision, t.xmin::text::bigint \
        FROM unnest($26::uuid[]) AS given (poll_id) \
        CROSS JOIN LATERAL (SELECT poll_id, epoch, revision, xmin FROM votify_tallies \
            WHERE poll_id = given.poll_id OFFSET 0) AS t \
        WHERE NOT (SELECT holds FROM condition)"
);

/// Returns the text of a statement.
pub(super) const fn text(statement: Statement) -> &'static str {
    match statement {
        Statement::LockPolls => {
            "SELECT poll_id, epoch, revision, xmin::text::bigint FROM votify_tallies \
             WHERE poll_id = ANY($1) ORDER BY poll_id FOR UPDATE"
        }
        Statement::TryLockPolls => {
            "SELECT poll_id, epoch, revision, xmin::text::bigint FROM votify_tallies \
             WHERE poll_id = ANY($1) ORDER BY poll_id FOR UPDATE SKIP LOCKED"
        }
        Statement::ReadPolls => concat!(
            select_poll!(),
            " FROM unnest($1::uuid[]) AS given (id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_polls WHERE id = given.id OFFSET 0) AS p \
             CROSS JOIN LATERAL (SELECT *, xmin FROM votify_tallies \
                WHERE poll_id = given.id OFFSET 0) AS t"
        ),
        Statement::ReadTallies => {
            "SELECT p.id, p.version, p.sealed_at IS NOT NULL, t.epoch, t.revision, t.total_votes, \
                array_to_json(t.vote_counts)::text, \
                (SELECT json_agg(json_build_array(o.ordinal, o.id))::text \
                    FROM votify_options o WHERE o.poll_id = p.id) \
             FROM unnest($1::uuid[]) AS given (id) \
             CROSS JOIN LATERAL (SELECT id, version, sealed_at FROM votify_polls \
                WHERE id = given.id OFFSET 0) AS p \
             CROSS JOIN LATERAL (SELECT epoch, revision, total_votes, vote_counts FROM votify_tallies \
                WHERE poll_id = given.id OFFSET 0) AS t"
        }
        Statement::InsertPoll => concat!(
            "WITH poll AS ( \
                INSERT INTO votify_polls (title, description, category, ballot_kind, voter_policy, \
                    results_policy, allows_revote, address_quota, created_at, opens_at, \
                    closes_at, edited_at, sealed_at, owner_id, owner_kind, visibility, \
                    external_ref, metadata, join_code, key_id, version, id) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
                    $16, $17, $18, $19, $20, $21, $28) \
                RETURNING id) \
             INSERT INTO votify_tallies (poll_id, visibility, is_sealed, epoch, revision, \
                total_votes, vote_counts, trending_score, log_position) \
             SELECT id, $16, $13 IS NOT NULL, $22, $23, $24, ",
            counts!("$25"),
            ", $26, $27 FROM poll"
        ),
        Statement::UpdatePoll => concat!(
            "WITH poll AS ( \
                UPDATE votify_polls SET (title, description, category, ballot_kind, voter_policy, \
                    results_policy, allows_revote, address_quota, created_at, opens_at, \
                    closes_at, edited_at, sealed_at, owner_id, owner_kind, visibility, \
                    external_ref, metadata, join_code, key_id, version) \
                = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
                    $16, $17, $18, $19, $20, $21) \
                WHERE id = $28 RETURNING id) \
             UPDATE votify_tallies t SET (visibility, is_sealed, epoch, revision, total_votes, \
                vote_counts, trending_score, log_position) \
             = ($16, $13 IS NOT NULL, $22, $23, $24, ",
            counts!("$25"),
            ", $26, $27) FROM poll WHERE t.poll_id = poll.id"
        ),
        Statement::SealPolls => {
            "WITH given AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::timestamptz[], \
                $3::timestamptz[], $4::bigint[], $5::bigint[]) \
                AS given (poll_id, sealed_at, closes_at, version, revision)), \
             sealed AS ( \
                UPDATE votify_polls p SET sealed_at = given.sealed_at, \
                    closes_at = given.closes_at, version = given.version FROM given \
                CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_polls \
                    WHERE id = given.poll_id OFFSET 0) AS found \
                WHERE p.ctid = found.tuple_id RETURNING given.poll_id, given.revision) \
             UPDATE votify_tallies t SET revision = sealed.revision, is_sealed = true FROM sealed \
             CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_tallies \
                WHERE poll_id = sealed.poll_id OFFSET 0) AS found \
             WHERE t.ctid = found.tuple_id"
        }
        Statement::InsertOptions => {
            "INSERT INTO votify_options (poll_id, ordinal, id, text) \
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[])"
        }
        Statement::DeleteOptions => "DELETE FROM votify_options WHERE poll_id = $1",
        Statement::DeletePoll => {
            "WITH tally AS (DELETE FROM votify_tallies WHERE poll_id = $1) \
             DELETE FROM votify_polls WHERE id = $1"
        }
        Statement::CountSessionPolls => {
            "SELECT count(*) FROM (SELECT 1 FROM votify_polls \
             WHERE owner_kind = 'session' LIMIT $1) AS counted"
        }
        Statement::InsertTitleWords => {
            "INSERT INTO votify_title_words (poll_id, word) \
             SELECT * FROM unnest($1::uuid[], $2::text[])"
        }
        Statement::DeleteTitleWords => "DELETE FROM votify_title_words WHERE poll_id = $1",
        Statement::ReadJoinCode => "SELECT poll_id FROM votify_join_codes WHERE code = $1",
        Statement::InsertJoinCode => {
            "INSERT INTO votify_join_codes (code, poll_id) VALUES ($1, $2)"
        }
        Statement::MoveJoinCode => {
            "UPDATE votify_join_codes SET poll_id = $1 WHERE code = $2 AND poll_id = $3"
        }
        Statement::DeleteJoinCode => {
            "DELETE FROM votify_join_codes \
             WHERE code = (SELECT join_code FROM votify_polls WHERE id = $1) AND poll_id = $1"
        }

        Statement::ReadHistories => histories!("$1", "$2"; "$1", "$2", "$3"),
        Statement::ReadVotes => concat!(
            "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, ",
            options!("($1::uuid[])[1]"),
            " FROM unnest($1::uuid[], $2::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS v"
        ),
        Statement::ReadRevision => concat!(
            "SELECT revision, ",
            options!("$1"),
            " FROM votify_tallies WHERE poll_id = $1"
        ),
        Statement::ReadVotePage => {
            "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes \
             WHERE uuid_send(poll_id) = uuid_send($1) AND revision > $2 AND revision <= $3 \
             ORDER BY revision LIMIT $4"
        }
        Statement::CountChoices => {
            "SELECT choice, count(*) FROM votify_votes WHERE poll_id = $1 GROUP BY choice"
        }
        Statement::InsertVotes => insert_votes!(
            "$1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[], $6::timestamptz[]",
            "true"
        ),
        Statement::UpdateVotes => update_votes!(
            "$1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[], $6::timestamptz[]",
            "true"
        ),
        Statement::DeleteVotes => delete_votes!("$1::uuid[], $2::uuid[]", "true"),
        Statement::InsertSuperseded => insert_superseded!(
            "$1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[]",
            "true"
        ),
        Statement::UpdateTallies => update_tallies!(given_tallies!(
            "$1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::bigint[]"
        )),
        Statement::DeleteVotesOfPoll => delete_some!("votify_votes"),
        Statement::DeleteSupersededOfPoll => delete_some!("votify_superseded_votes"),

        Statement::ReadVoteAddresses => {
            "SELECT a.poll_id, a.voter_id, a.address_id \
             FROM unnest($1::uuid[], $2::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_vote_addresses \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS a"
        }
        Statement::CountVoteAddresses => {
            "SELECT given.poll_id, given.address_id, a.used \
             FROM unnest($1::uuid[], $2::uuid[]) AS given (poll_id, address_id) \
             CROSS JOIN LATERAL (SELECT count(*) AS used FROM votify_vote_addresses \
                WHERE poll_id = given.poll_id AND address_id = given.address_id OFFSET 0) AS a"
        }
        Statement::InsertVoteAddresses => {
            "INSERT INTO votify_vote_addresses (poll_id, voter_id, address_id) \
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])"
        }
        Statement::DeleteVoteAddresses => {
            "DELETE FROM votify_vote_addresses a \
             USING unnest($1::uuid[], $2::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT ctid AS tuple_id FROM votify_vote_addresses \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS found \
             WHERE a.ctid = found.tuple_id"
        }
        Statement::DeleteVoteAddressesOfPoll => delete_some!("votify_vote_addresses"),

        Statement::ReadInvites => {
            "SELECT i.voter_id FROM unnest($1::uuid[], $2::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT voter_id FROM votify_invites \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS i"
        }
        Statement::CountInvites => "SELECT count(*) FROM votify_invites WHERE poll_id = $1",
        Statement::InsertInvites => {
            "INSERT INTO votify_invites (poll_id, voter_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])"
        }
        Statement::DeleteInvitesOfPoll => delete_some!("votify_invites"),

        Statement::ReadClaims => {
            "SELECT c.session FROM unnest($1::uuid[]) AS given (account) \
             CROSS JOIN LATERAL (SELECT session FROM votify_owner_claims \
                WHERE account = given.account OFFSET 0) AS c"
        }
        Statement::CountClaims => {
            "SELECT count(*), count(CASE WHEN session = $1 THEN 1 END) \
             FROM votify_owner_claims WHERE account = $2"
        }
        Statement::InsertClaim => {
            "INSERT INTO votify_owner_claims (account, session) VALUES ($1, $2)"
        }

        Statement::ReadServerTime => "SELECT clock_timestamp()",

        Statement::ReadUserByName => {
            "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE name_key = $1"
        }
        Statement::ReadUser => {
            "SELECT id, name, password_hash, created_at, token_generation \
             FROM votify_users WHERE id = $1"
        }
        Statement::InsertUser => {
            "INSERT INTO votify_users \
             (id, name, name_key, password_hash, created_at, token_generation) \
             VALUES ($1, $2, $3, $4, $5, $6)"
        }
        Statement::UpdatePassword => {
            "UPDATE votify_users SET password_hash = $1, token_generation = $2 \
             WHERE id = $3 AND token_generation = $4"
        }
        Statement::InsertRevocation => {
            "INSERT INTO votify_revoked_tokens (token_id, expires_at) VALUES ($1, $2)"
        }
        // Skips rows that another process is deleting.
        Statement::DeleteExpiredRevocations => {
            "DELETE FROM votify_revoked_tokens WHERE token_id = ANY (ARRAY(\
                SELECT token_id FROM votify_revoked_tokens WHERE expires_at < $1 \
                ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED))"
        }
        Statement::ReadTokens => {
            "SELECT given.user_id, given.token_id, u.token_generation \
             FROM unnest($1::uuid[], $2::uuid[]) AS given (user_id, token_id) \
             CROSS JOIN LATERAL (SELECT token_generation FROM votify_users \
                WHERE id = given.user_id OFFSET 0) AS u \
             LEFT JOIN LATERAL (SELECT token_id FROM votify_revoked_tokens \
                WHERE token_id = given.token_id OFFSET 0) AS r ON true \
             WHERE r.token_id IS NULL"
        }
    }
}
