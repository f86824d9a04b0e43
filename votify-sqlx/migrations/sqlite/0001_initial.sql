-- Identifiers are their 16 bytes. Times are microseconds since the Unix epoch.

-- A poll with its tally: epoch, revision, total_votes, vote_counts, trending_score and
-- log_position change with each batch of votes.
CREATE TABLE votify_polls (
    -- The poll within this database. Other tables refer to it, because a small integer
    -- saves 15 bytes in each row and index entry.
    poll_key         INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE,
    visibility       TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    -- NULL for a poll that is open since its creation.
    opens_at         INTEGER,
    closes_at        INTEGER,
    -- The order of lists by opening time.
    opening_order    INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(opens_at, created_at)) VIRTUAL,
    -- Polls without a closing time come last.
    closing_order    INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(closes_at, 9223372036854775807)) VIRTUAL,
    edited_at        INTEGER,
    sealed_at        INTEGER,
    -- The number of the definition, increased by each edit.
    version          INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    -- The number of changes of the tally.
    revision         INTEGER NOT NULL,
    total_votes      INTEGER NOT NULL,
    trending_score   REAL    NOT NULL,
    -- In steps of an eighth, so that few votes change an index.
    trending_rank    INTEGER NOT NULL GENERATED ALWAYS AS (CAST(trending_score * 8 AS INTEGER)) VIRTUAL,
    -- The highest position in the log of a queue of a ballot that was counted or refused; 0
    -- without one.
    log_position     INTEGER NOT NULL,
    -- A keyed digest of the owner, and whether it is an account or a session. NULL for a
    -- poll that only the host may change.
    owner_id         BLOB,
    owner_kind       TEXT,
    -- The key from which the ids of the owner and of voters are derived.
    key_id           BLOB    NOT NULL,
    -- votify_join_codes has the poll that the code leads to now.
    join_code        TEXT,
    category         TEXT,
    -- The kind of a ballot and its limits, as JSON.
    ballot_kind      TEXT    NOT NULL,
    voter_policy     TEXT    NOT NULL,
    results_policy   TEXT    NOT NULL,
    allows_revote    INTEGER NOT NULL,
    -- The maximum of active ballots from one address, as JSON; NULL for no limit.
    address_quota    TEXT,
    -- The id that the host gave the poll.
    external_ref     TEXT,
    -- The votes of each option in the order of their ordinals, as a JSON array.
    vote_counts      TEXT    NOT NULL,
    -- Long texts come last, because SQLite reads a row from its beginning.
    title            TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    -- Data of the host, as the JSON text that it sent.
    metadata         TEXT,
    CHECK ((owner_id IS NULL) = (owner_kind IS NULL))
) STRICT;

-- For each order of listings: one index for all polls, one for public polls, one for public
-- polls that are not sealed, and one for the public polls of a category.
CREATE INDEX votify_polls_newest ON votify_polls (created_at, id);
CREATE INDEX votify_polls_newest_public ON votify_polls (created_at, id) WHERE visibility = 'public';
CREATE INDEX votify_polls_newest_unsealed ON votify_polls (created_at, id) WHERE visibility = 'public' AND sealed_at IS NULL;
CREATE INDEX votify_polls_newest_category ON votify_polls (category, created_at, id) WHERE visibility = 'public';
CREATE INDEX votify_polls_closing ON votify_polls (closing_order, id DESC);
CREATE INDEX votify_polls_closing_public ON votify_polls (closing_order, id DESC) WHERE visibility = 'public';
CREATE INDEX votify_polls_closing_unsealed ON votify_polls (closing_order, id DESC) WHERE visibility = 'public' AND sealed_at IS NULL;
CREATE INDEX votify_polls_closing_category ON votify_polls (category, closing_order, id DESC) WHERE visibility = 'public';
CREATE INDEX votify_polls_opening ON votify_polls (opening_order, id DESC);
CREATE INDEX votify_polls_opening_public ON votify_polls (opening_order, id DESC) WHERE visibility = 'public';
CREATE INDEX votify_polls_opening_unsealed ON votify_polls (opening_order, id DESC) WHERE visibility = 'public' AND sealed_at IS NULL;
CREATE INDEX votify_polls_opening_category ON votify_polls (category, opening_order, id DESC) WHERE visibility = 'public';
CREATE INDEX votify_polls_trending ON votify_polls (trending_rank, id);
CREATE INDEX votify_polls_trending_public ON votify_polls (trending_rank, id) WHERE visibility = 'public';
CREATE INDEX votify_polls_trending_unsealed ON votify_polls (trending_rank, id) WHERE visibility = 'public' AND sealed_at IS NULL;
CREATE INDEX votify_polls_trending_category ON votify_polls (category, trending_rank, id) WHERE visibility = 'public';
-- For the scheduler: unsealed polls by closing time.
CREATE INDEX votify_polls_due ON votify_polls (closing_order, id DESC) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_owner ON votify_polls (owner_id, created_at, id) WHERE owner_id IS NOT NULL;
CREATE INDEX votify_polls_external_ref ON votify_polls (external_ref, created_at, id) WHERE external_ref IS NOT NULL;
-- For the count of polls of browser sessions.
CREATE INDEX votify_polls_of_sessions ON votify_polls (owner_kind) WHERE owner_kind = 'session';

-- The words of each title, in the form in which searches compare them.
CREATE TABLE votify_title_words (
    word     TEXT    NOT NULL,
    poll_key INTEGER NOT NULL,
    PRIMARY KEY (word, poll_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_title_words_by_poll ON votify_title_words (poll_key, word);

-- The last poll that got each join code.
CREATE TABLE votify_join_codes (
    code    TEXT NOT NULL PRIMARY KEY,
    poll_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The sessions whose polls an account owns too. Both are owner ids.
CREATE TABLE votify_owner_claims (
    account BLOB NOT NULL,
    session BLOB NOT NULL,
    PRIMARY KEY (account, session)
) STRICT, WITHOUT ROWID;

-- The options of polls. The first ballot freezes their ids and ordinals.
CREATE TABLE votify_options (
    poll_key INTEGER NOT NULL,
    -- The index of the option in its poll, from 0.
    ordinal  INTEGER NOT NULL,
    id       BLOB    NOT NULL,
    text     TEXT    NOT NULL,
    PRIMARY KEY (poll_key, ordinal)
) STRICT, WITHOUT ROWID;

-- The votes of each option, for people.
CREATE VIEW votify_option_counts AS
SELECT p.id AS poll_id, o.id AS option_id,
       CAST(json_extract(p.vote_counts, '$[' || o.ordinal || ']') AS INTEGER) AS vote_count
FROM votify_options o
JOIN votify_polls p ON p.poll_key = o.poll_key;

-- The active ballots. Rows are stored in the order of revisions, so that new ones are
-- appended, and only the narrow index is written at random.
-- No table references another: ballots are written only under their poll's lock and are
-- deleted with it, also where a host has turned foreign keys off.
CREATE TABLE votify_votes (
    poll_key  INTEGER NOT NULL,
    -- The revision of the poll at which the ballot was counted.
    revision  INTEGER NOT NULL,
    voter_id  BLOB    NOT NULL,
    ballot_id BLOB    NOT NULL,
    -- The ordinals of the chosen options, after a byte for the kind of choice.
    choice    BLOB    NOT NULL,
    cast_at   INTEGER NOT NULL,
    PRIMARY KEY (poll_key, revision)
) STRICT, WITHOUT ROWID;

-- Rejects a second active ballot of a voter.
CREATE UNIQUE INDEX votify_votes_one_per_voter ON votify_votes (poll_key, voter_id);

-- Accepted ballots that no longer count, so that a late retry is recognized.
CREATE TABLE votify_superseded_votes (
    poll_key  INTEGER NOT NULL,
    voter_id  BLOB    NOT NULL,
    ballot_id BLOB    NOT NULL,
    choice    BLOB    NOT NULL,
    revision  INTEGER NOT NULL,
    PRIMARY KEY (poll_key, voter_id, ballot_id)
) STRICT, WITHOUT ROWID;

-- The addresses of active ballots in polls with an address quota, as keyed hashes.
CREATE TABLE votify_vote_addresses (
    poll_key   INTEGER NOT NULL,
    voter_id   BLOB    NOT NULL,
    address_id BLOB    NOT NULL,
    PRIMARY KEY (poll_key, voter_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_vote_addresses_by_address ON votify_vote_addresses (poll_key, address_id);

-- The voters to whom an owner gave an invite code.
CREATE TABLE votify_invites (
    poll_key INTEGER NOT NULL,
    voter_id BLOB    NOT NULL,
    PRIMARY KEY (poll_key, voter_id)
) STRICT, WITHOUT ROWID;

-- The users of hosts that have no users of their own.
CREATE TABLE votify_users (
    id               BLOB    NOT NULL PRIMARY KEY,
    name             TEXT    NOT NULL,
    -- Equal for all spellings of the name.
    name_key         BLOB    NOT NULL,
    password_hash    TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    -- The number of password changes. Tokens of a lower generation are revoked.
    token_generation INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX votify_users_one_per_name ON votify_users (name_key);

-- Login tokens that were revoked before they expired.
CREATE TABLE votify_revoked_tokens (
    token_id   BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_revoked_tokens_by_expiry ON votify_revoked_tokens (expires_at, token_id);
