-- Identifiers are their 16 bytes; times are microseconds of Unix time.

CREATE TABLE votify_polls (
    id           BLOB    NOT NULL PRIMARY KEY,
    title        TEXT    NOT NULL,
    -- The title as searches compare it.
    title_search TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    category     TEXT,
    -- What a ballot looks like, as JSON.
    ballot       TEXT    NOT NULL,
    voters       TEXT    NOT NULL,
    results      TEXT    NOT NULL,
    revote       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    opens_at     INTEGER NOT NULL,
    closes_at    INTEGER,
    -- Polls without an end come last in the order of closing.
    closes_order INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(closes_at, 9223372036854775807)) VIRTUAL,
    edited_at    INTEGER,
    sealed_at    INTEGER,
    owner        BLOB,
    key_id       BLOB    NOT NULL,
    version      INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    total_votes  INTEGER NOT NULL,
    heat         REAL    NOT NULL
) STRICT;

-- One for each order, over all polls, over those that are not sealed, and over one category. Columns after the id only
-- spare a look at the row. Sealed polls cool down, so the one order that moves with every vote does without a second index.
CREATE INDEX votify_polls_newest ON votify_polls (created_at, id);
CREATE INDEX votify_polls_newest_unsealed ON votify_polls (created_at, id, opens_at, closes_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_newest_category ON votify_polls (category, created_at, id) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_closing ON votify_polls (closes_order, id DESC);
CREATE INDEX votify_polls_closing_unsealed ON votify_polls (closes_order, id DESC, opens_at) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_closing_category ON votify_polls (category, closes_order, id DESC) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_opening ON votify_polls (opens_at, id DESC);
CREATE INDEX votify_polls_opening_unsealed ON votify_polls (opens_at, id DESC, closes_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_opening_category ON votify_polls (category, opens_at, id DESC) WHERE category IS NOT NULL;
CREATE INDEX votify_polls_trending ON votify_polls (heat, id);
CREATE INDEX votify_polls_trending_category ON votify_polls (category, heat, id) WHERE category IS NOT NULL;

CREATE TABLE votify_poll_options (
    poll_id    BLOB    NOT NULL REFERENCES votify_polls (id) ON DELETE CASCADE,
    id         BLOB    NOT NULL,
    position   INTEGER NOT NULL,
    text       TEXT    NOT NULL,
    vote_count INTEGER NOT NULL,
    PRIMARY KEY (poll_id, id)
) STRICT, WITHOUT ROWID;

-- The ballots that stand. The unique index judges who votes twice. The rows themselves lie in the order of revisions: ballots
-- then arrive at the end, and only the slim index is written all over the place, which halves what a batch has to write.
-- No foreign key: ballots are written under their poll's lock only, and deleted with it, also where a host has foreign keys off.
CREATE TABLE votify_votes (
    poll_id   BLOB    NOT NULL,
    revision  INTEGER NOT NULL,
    voter_id  BLOB    NOT NULL,
    ballot_id BLOB    NOT NULL,
    choice    BLOB    NOT NULL,
    cast_at   INTEGER NOT NULL,
    PRIMARY KEY (poll_id, revision)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX votify_votes_one_per_voter ON votify_votes (poll_id, voter_id);

-- Accepted ballots that count no more, so that a late retry of one is recognised.
CREATE TABLE votify_superseded_votes (
    poll_id   BLOB    NOT NULL,
    voter_id  BLOB    NOT NULL,
    ballot_id BLOB    NOT NULL,
    choice    BLOB    NOT NULL,
    revision  INTEGER NOT NULL,
    PRIMARY KEY (poll_id, voter_id, ballot_id)
) STRICT, WITHOUT ROWID;
