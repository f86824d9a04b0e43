-- Identifiers are their 16 bytes. Times are microseconds since the Unix epoch.

-- A poll with its tally: epoch, revision, total_votes, vote_counts and trending_score
-- change with each batch of votes.
CREATE TABLE votify_polls (
    -- The poll within this database. Other tables refer to it, because a small integer
    -- saves 15 bytes in each row and index entry.
    poll_key         INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE,
    title            TEXT    NOT NULL,
    -- The title as searches compare it: folded to lower case, without accents.
    title_search_key TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    category         TEXT,
    -- The kind of a ballot and its limits, as JSON.
    ballot_kind      TEXT    NOT NULL,
    voter_policy     TEXT    NOT NULL,
    results_policy   TEXT    NOT NULL,
    allows_revote    INTEGER NOT NULL,
    -- The maximum of active ballots from one address, as JSON; NULL for no limit.
    address_quota    TEXT,
    created_at       INTEGER NOT NULL,
    opens_at         INTEGER NOT NULL,
    closes_at        INTEGER,
    -- Polls without a closing time come last.
    closing_order    INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(closes_at, 9223372036854775807)) VIRTUAL,
    edited_at        INTEGER,
    sealed_at        INTEGER,
    owner            BLOB,
    -- The key of the keyring that signed the owner's id.
    key_id           BLOB    NOT NULL,
    -- The number of the definition, increased by each edit.
    version          INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    -- The number of changes of the tally.
    revision         INTEGER NOT NULL,
    total_votes      INTEGER NOT NULL,
    -- The votes of each option in the order of their ordinals, as a JSON array.
    vote_counts      TEXT    NOT NULL,
    trending_score   REAL    NOT NULL,
    -- In steps of an eighth, so that few votes change an index.
    trending_rank    INTEGER NOT NULL GENERATED ALWAYS AS (CAST(trending_score * 8 AS INTEGER)) VIRTUAL
) STRICT;

-- One index for each order of a listing: of all polls, of those that are not sealed, and
-- of one category. Columns after the id save a look at the row.
CREATE INDEX votify_polls_newest ON votify_polls (created_at, id);
CREATE INDEX votify_polls_newest_unsealed ON votify_polls (created_at, id, opens_at, closing_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_newest_category ON votify_polls (category, created_at, id) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_closing ON votify_polls (closing_order, id DESC);
CREATE INDEX votify_polls_closing_unsealed ON votify_polls (closing_order, id DESC, opens_at) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_closing_category ON votify_polls (category, closing_order, id DESC) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_opening ON votify_polls (opens_at, id DESC);
CREATE INDEX votify_polls_opening_unsealed ON votify_polls (opens_at, id DESC, closing_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_opening_category ON votify_polls (category, opens_at, id DESC) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_trending ON votify_polls (trending_rank, id);
CREATE INDEX votify_polls_trending_unsealed ON votify_polls (trending_rank, id, opens_at, closing_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_trending_category ON votify_polls (category, trending_rank, id) WHERE category IS NOT NULL;

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
    id            BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    -- Equal for all spellings of the name.
    name_key      BLOB    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX votify_users_one_per_name ON votify_users (name_key);

-- Login tokens that were revoked before they expired.
CREATE TABLE votify_revoked_tokens (
    token_id   BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_revoked_tokens_by_expiry ON votify_revoked_tokens (expires_at, token_id);
