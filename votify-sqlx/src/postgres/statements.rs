//! What is said to PostgreSQL. Rows come in as arrays, one for each column, so that each statement is one text.
//!
//! Whatever the planner believes of the sizes of tables, given rows are gone through one by one and each is looked up: it
//! cannot turn a `LATERAL` subquery with an `OFFSET` round. Rows that are found so are changed where they were found.

/// How a transaction begins on a connection that was prepared by [`for_session`].
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// A snapshot, to read only.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL plan_cache_mode = force_custom_plan";

/// What a batch wants of its connection.
///
/// Plans are made once and for all, and use indexes whatever the statistics say: a table that was small at the last look
/// may have a hundred thousand votes a second later. Locks are waited for only so long; and where this process is cut off
/// from the server, its locks end. A statement that is a transaction by itself is one as [`BEGIN`] makes them, whatever the
/// database has as its default.
const SETTINGS: [(&str, &str); 8] = [
    ("lock_timeout", "'3s'"),
    ("idle_in_transaction_session_timeout", "'5s'"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("default_transaction_isolation", "'read committed'"),
    ("default_transaction_read_only", "off"),
];

/// Prepares a connection of our own.
pub(super) fn for_session() -> String {
    SETTINGS
        .map(|(name, value)| format!("SET {name} = {value};"))
        .concat()
}

/// Begins on a connection of a host's, and prepares it until the end of the transaction.
pub(super) fn begin_on_host() -> String {
    let settings = SETTINGS.map(|(name, value)| format!("; SET LOCAL {name} = {value}"));
    format!("{BEGIN}{}", settings.concat())
}

/// Everything of a poll `p` with its tally `t`, in one row, so that no reader sees half of a change.
macro_rules! poll {
    () => {
        "p.id, p.title, p.description, p.category, p.ballot, p.voters, p.results, p.revote, \
         p.created_at, p.opens_at, p.closes_at, p.edited_at, p.sealed_at, p.owner, p.key_id, p.version, t.epoch, \
         t.revision, t.total_votes, t.heat, \
         (SELECT json_agg(json_build_array(o.position, o.id, o.text, o.vote_count))::text \
          FROM votify_poll_options o WHERE o.poll_id = p.id), p.address_quota"
    };
}

/// Where a row of the tallies has its poll: its position, and the transaction that wrote the row.
macro_rules! stamp {
    () => {
        "epoch, revision, xmin::text::bigint"
    };
}

/// A row of the tallies is its poll's lock.
pub(super) const LOCK: &str = concat!(
    "SELECT poll_id, ",
    stamp!(),
    " FROM votify_tallies WHERE poll_id = ANY($1) ORDER BY poll_id FOR UPDATE"
);

/// The last column is the transaction that wrote the row of the tallies.
pub(super) const POLLS: &str = concat!(
    "SELECT ",
    poll!(),
    ", t.xmin::text::bigint FROM unnest($1::uuid[]) AS given (id) \
     CROSS JOIN LATERAL (SELECT * FROM votify_polls WHERE id = given.id OFFSET 0) AS p \
     CROSS JOIN LATERAL (SELECT *, xmin FROM votify_tallies WHERE poll_id = given.id OFFSET 0) AS t"
);

/// Before the conditions of a listing.
pub(super) const LIST: &str = concat!(
    "SELECT ",
    poll!(),
    " FROM votify_polls p JOIN votify_tallies t ON t.poll_id = p.id WHERE "
);
pub(super) const COUNT: &str = "SELECT count(*) FROM votify_polls WHERE ";

pub(super) const REVISION: &str = "SELECT revision FROM votify_tallies WHERE poll_id = $1";

pub(super) const VOTES_OF: &str = "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at \
    FROM unnest($2::uuid[]) AS given (voter_id) \
    CROSS JOIN LATERAL (SELECT * FROM votify_votes WHERE poll_id = $1 AND voter_id = given.voter_id OFFSET 0) AS v";

pub(super) const VOTES_PAGE: &str = "SELECT voter_id, ballot_id, choice, revision, cast_at FROM votify_votes \
    WHERE uuid_send(poll_id) = uuid_send($1) AND revision > $2 AND revision <= $3 ORDER BY revision LIMIT $4";

pub(super) const CHOICES: &str =
    "SELECT choice, count(*) FROM votify_votes WHERE poll_id = $1 GROUP BY choice";

/// What stands has a time, what was superseded has none. Takes the polls and voters of ballots; then the polls, voters and ids
/// of those that may have been superseded.
macro_rules! histories {
    ($poll:literal, $voter:literal, $of_poll:literal, $of_voter:literal, $ballot:literal) => {
        concat!(
            "SELECT v.voter_id, v.ballot_id, v.choice, v.revision, v.cast_at, v.poll_id \
             FROM unnest(",
            $poll,
            "::uuid[], ",
            $voter,
            "::uuid[]) AS given (poll_id, voter_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS v \
             UNION ALL \
             SELECT s.voter_id, s.ballot_id, s.choice, s.revision, NULL, s.poll_id \
             FROM unnest(",
            $of_poll,
            "::uuid[], ",
            $of_voter,
            "::uuid[], ",
            $ballot,
            "::uuid[]) AS given (poll_id, voter_id, ballot_id) \
             CROSS JOIN LATERAL (SELECT * FROM votify_superseded_votes \
                WHERE poll_id = given.poll_id AND voter_id = given.voter_id AND ballot_id = given.ballot_id OFFSET 0) AS s"
        )
    };
}

pub(super) const HISTORIES: &str = histories!("$1", "$2", "$3", "$4", "$5");

/// Everything that a batch changes, if it may. A voter who has a vote makes it fail: the primary key is the judge.
macro_rules! writes {
    ($may:literal, $states:expr) => {
        concat!(
            "inserted AS ( \
        INSERT INTO votify_votes (poll_id, voter_id, ballot_id, revision, cast_at, choice) \
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::bytea[]) \
        WHERE ", $may, " RETURNING 1), \
    updated AS ( \
        UPDATE votify_votes v SET ballot_id = given.ballot_id, revision = given.revision, cast_at = given.cast_at, \
            choice = given.choice \
        FROM unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::bigint[], $11::timestamptz[], $12::bytea[]) \
            AS given (poll_id, voter_id, ballot_id, revision, cast_at, choice) \
        CROSS JOIN LATERAL (SELECT ctid AS place FROM votify_votes \
            WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS found \
        WHERE ", $may, " AND v.ctid = found.place RETURNING 1), \
    removed AS ( \
        DELETE FROM votify_votes v USING unnest($13::uuid[], $14::uuid[]) AS given (poll_id, voter_id) \
        CROSS JOIN LATERAL (SELECT ctid AS place FROM votify_votes \
            WHERE poll_id = given.poll_id AND voter_id = given.voter_id OFFSET 0) AS found \
        WHERE ", $may, " AND v.ctid = found.place RETURNING 1), \
    superseded AS ( \
        INSERT INTO votify_superseded_votes (poll_id, voter_id, ballot_id, revision, choice) \
        SELECT * FROM unnest($15::uuid[], $16::uuid[], $17::uuid[], $18::bigint[], $19::bytea[]) \
        WHERE ", $may, " RETURNING 1), \
    counts AS ( \
        UPDATE votify_poll_options o SET vote_count = given.vote_count \
        FROM unnest($20::uuid[], $21::uuid[], $22::bigint[]) AS given (poll_id, id, vote_count) \
        WHERE ", $may, " AND o.poll_id = given.poll_id AND o.id = given.id RETURNING 1), \
    states AS ( \
        UPDATE votify_tallies t SET revision = given.revision, total_votes = given.total_votes, heat = given.heat ", $states,
        " RETURNING t.xmin)"
        )
    };
}

/// Everything that a batch changes, how many rows each of its writes met, and the transaction.
pub(super) const WRITE: &str = concat!(
    "WITH ",
    writes!(
        "true",
        "FROM unnest($23::uuid[], $24::bigint[], $25::bigint[], $26::float8[]) AS given (poll_id, revision, total_votes, heat) \
         CROSS JOIN LATERAL (SELECT ctid AS place FROM votify_tallies WHERE poll_id = given.poll_id OFFSET 0) AS found \
         WHERE t.ctid = found.place"
    ),
    " SELECT (SELECT count(*) FROM inserted), (SELECT count(*) FROM updated), (SELECT count(*) FROM removed), \
        (SELECT count(*) FROM superseded), (SELECT count(*) FROM counts), (SELECT count(*) FROM states), \
        (SELECT max(xmin::text::bigint) FROM states)"
);

/// The kind of a row of [`QUICK`].
pub(super) const STAMP: i64 = 1;
pub(super) const WRITTEN: i64 = 2;

/// Everything that a batch changes, if all polls are where they have to be, are locked by nobody else, and nothing is known of
/// the voters. Then it tells the transaction, and that fails if a write met another number of rows than it should have.
/// Else it tells what is known of the voters and where the polls are.
///
/// A row that another transaction wrote after this statement began is looked at again before it is locked, and then is not
/// where it has to be. So what is locked is what the statement sees, and every write waits for all of the locks. Voters come
/// first: who has nothing to lock, has nothing to commit.
///
/// The polls that change are the first of those that are locked, in the order of their new states: they are written where
/// they were found.
pub(super) const QUICK: &str = concat!(
    "WITH past (voter_id, ballot_id, choice, revision, cast_at, poll_id) AS MATERIALIZED (",
    histories!("$31", "$32", "$33", "$34", "$35"),
    "), unmoved AS MATERIALIZED ( \
        SELECT tally.place, given.revision, given.total_votes, given.heat \
        FROM unnest($27::uuid[], $28::bigint[], $29::bigint[], $30::bigint[], $24::bigint[], $25::bigint[], $26::float8[]) \
            AS given (poll_id, epoch, was, mark, revision, total_votes, heat) \
        CROSS JOIN LATERAL (SELECT ctid AS place FROM votify_tallies WHERE poll_id = given.poll_id AND epoch = given.epoch \
            AND revision = given.was AND xmin::text::bigint = given.mark FOR UPDATE SKIP LOCKED) AS tally \
        WHERE NOT EXISTS (SELECT FROM past)), \
    may (write) AS MATERIALIZED (SELECT (SELECT count(*) FROM unmoved) = cardinality($27::uuid[])), ",
    writes!(
        "(SELECT write FROM may)",
        "FROM unmoved AS given WHERE (SELECT write FROM may) AND given.revision IS NOT NULL AND t.ctid = given.place"
    ),
    " SELECT NULL::uuid, NULL::uuid, NULL::bytea, NULL::bigint, NULL::timestamptz, NULL::uuid, 2::bigint, NULL::bigint, \
        NULL::bigint, (SELECT max(xmin::text::bigint) FROM states) / ( \
            (SELECT count(*) FROM inserted) = cardinality($1::uuid[]) \
            AND (SELECT count(*) FROM updated) = cardinality($7::uuid[]) \
            AND (SELECT count(*) FROM removed) = cardinality($13::uuid[]) \
            AND (SELECT count(*) FROM superseded) = cardinality($15::uuid[]) \
            AND (SELECT count(*) FROM counts) = cardinality($20::uuid[]) \
            AND (SELECT count(*) FROM states) = cardinality($23::uuid[]))::int \
        WHERE (SELECT write FROM may) \
    UNION ALL \
    SELECT voter_id, ballot_id, choice, revision, cast_at, poll_id, 0, NULL, NULL, NULL FROM past \
    UNION ALL \
    SELECT NULL, NULL, NULL, NULL, NULL, t.poll_id, 1, t.epoch, t.revision, t.xmin::text::bigint \
        FROM unnest($27::uuid[]) AS given (poll_id) \
        CROSS JOIN LATERAL (SELECT poll_id, epoch, revision, xmin FROM votify_tallies WHERE poll_id = given.poll_id OFFSET 0) AS t \
        WHERE NOT (SELECT write FROM may)"
);

/// Meets one row, none where the id is taken.
pub(super) const INSERT_POLL: &str = "WITH poll AS ( \
        INSERT INTO votify_polls (title, title_search, description, category, ballot, voters, results, revote, created_at, \
            opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, address_quota, id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $21, $22) \
        ON CONFLICT (id) DO NOTHING RETURNING id) \
    INSERT INTO votify_tallies (poll_id, epoch, revision, total_votes, heat) SELECT id, $17, $18, $19, $20 FROM poll";

pub(super) const UPDATE_POLL: &str = "WITH poll AS ( \
        UPDATE votify_polls SET (title, title_search, description, category, ballot, voters, results, revote, created_at, \
            opens_at, closes_at, edited_at, sealed_at, owner, key_id, version, address_quota) \
        = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $21) WHERE id = $22 RETURNING id) \
    UPDATE votify_tallies t SET (epoch, revision, total_votes, heat) = ($17, $18, $19, $20) FROM poll \
    WHERE t.poll_id = poll.id";

pub(super) const INSERT_OPTIONS: &str = "INSERT INTO votify_poll_options (poll_id, id, position, text, vote_count) \
    SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::bigint[])";

pub(super) const DELETE_OPTIONS: &str = "DELETE FROM votify_poll_options WHERE poll_id = $1";

/// Everything that belongs to a poll: first its lock, the poll itself last.
pub(super) const DELETE: [&str; 7] = [
    "DELETE FROM votify_tallies WHERE poll_id = $1",
    "DELETE FROM votify_votes WHERE poll_id = $1",
    "DELETE FROM votify_superseded_votes WHERE poll_id = $1",
    "DELETE FROM votify_invites WHERE poll_id = $1",
    "DELETE FROM votify_places WHERE poll_id = $1",
    DELETE_OPTIONS,
    "DELETE FROM votify_polls WHERE id = $1",
];
