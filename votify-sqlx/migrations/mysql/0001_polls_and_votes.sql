-- Identifiers are their 16 bytes; times are UTC. No statement here minds being run again: each one commits by itself, and a
-- migration that was interrupted is run from its start.

CREATE TABLE IF NOT EXISTS votify_polls (
    id           BINARY(16)   NOT NULL,
    title        MEDIUMTEXT   NOT NULL,
    -- The title as searches compare it.
    title_search MEDIUMTEXT   NOT NULL,
    description  MEDIUMTEXT   NOT NULL,
    -- The bytes of UTF-8: texts are compared as if blanks at their ends were not there.
    category     VARBINARY(500),
    -- What a ballot looks like, as JSON.
    ballot       MEDIUMTEXT   NOT NULL,
    voters       VARCHAR(255) NOT NULL,
    results      VARCHAR(255) NOT NULL,
    revote       BOOLEAN      NOT NULL,
    created_at   DATETIME(6)  NOT NULL,
    opens_at     DATETIME(6)  NOT NULL,
    closes_at    DATETIME(6),
    -- Microseconds of Unix time. Polls without an end come last in the order of closing, also after those that end with the
    -- last moment that a DATETIME can tell.
    closes_order BIGINT GENERATED ALWAYS AS (coalesce(timestampdiff(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', closes_at), 9223372036854775807)) VIRTUAL,
    edited_at    DATETIME(6),
    sealed_at    DATETIME(6),
    owner        VARBINARY(255),
    key_id       VARBINARY(255) NOT NULL,
    version      BIGINT       NOT NULL,
    epoch        BIGINT       NOT NULL,
    revision     BIGINT       NOT NULL,
    total_votes  BIGINT       NOT NULL,
    heat         DOUBLE       NOT NULL,
    PRIMARY KEY (id),
    -- One for each order, over all polls, over those that are not sealed (whose sealed_at is the one NULL), and over one
    -- category. Columns after the id only spare a look at the row. Sealed polls cool down, so the one order that moves with
    -- every vote does without a second index.
    KEY votify_polls_newest (created_at, id),
    KEY votify_polls_newest_unsealed (sealed_at, created_at, id, opens_at, closes_order),
    KEY votify_polls_newest_category (category, created_at, id),
    KEY votify_polls_closing (closes_order, id DESC),
    KEY votify_polls_closing_unsealed (sealed_at, closes_order, id DESC, opens_at),
    KEY votify_polls_closing_category (category, closes_order, id DESC),
    KEY votify_polls_opening (opens_at, id DESC),
    KEY votify_polls_opening_unsealed (sealed_at, opens_at, id DESC, closes_order),
    KEY votify_polls_opening_category (category, opens_at, id DESC),
    KEY votify_polls_trending (heat, id),
    KEY votify_polls_trending_category (category, heat, id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- No foreign keys, here or below: they would lock rows of other tables. Rows are written under their poll's lock only, and
-- deleted with it.
CREATE TABLE IF NOT EXISTS votify_poll_options (
    poll_id    BINARY(16) NOT NULL,
    id         BINARY(16) NOT NULL,
    `position` BIGINT     NOT NULL,
    `text`     MEDIUMTEXT NOT NULL,
    vote_count BIGINT     NOT NULL,
    PRIMARY KEY (poll_id, id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The ballots that stand. The unique index judges who votes twice. The rows themselves lie in the order of revisions: ballots
-- then arrive at the end, and only the slim index is written all over the place.
CREATE TABLE IF NOT EXISTS votify_votes (
    poll_id   BINARY(16)      NOT NULL,
    revision  BIGINT          NOT NULL,
    voter_id  BINARY(16)      NOT NULL,
    ballot_id BINARY(16)      NOT NULL,
    choice    VARBINARY(2048) NOT NULL,
    cast_at   DATETIME(6)     NOT NULL,
    PRIMARY KEY (poll_id, revision),
    UNIQUE KEY votify_votes_one_per_voter (poll_id, voter_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Accepted ballots that count no more, so that a late retry of one is recognised.
CREATE TABLE IF NOT EXISTS votify_superseded_votes (
    poll_id   BINARY(16)      NOT NULL,
    voter_id  BINARY(16)      NOT NULL,
    ballot_id BINARY(16)      NOT NULL,
    choice    VARBINARY(2048) NOT NULL,
    revision  BIGINT          NOT NULL,
    PRIMARY KEY (poll_id, voter_id, ballot_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
