-- Every statement can run again: each commits on its own, and an interrupted migration
-- is run again from its start. Ids are 16 bytes, times are UTC.
--
-- There are no foreign keys, because they would lock rows of other tables. Rows are
-- written only under the lock of their poll's row, and deleted with the poll.

CREATE TABLE IF NOT EXISTS votify_polls (
    id               BINARY(16)     NOT NULL,
    title            MEDIUMTEXT     NOT NULL,
    description      MEDIUMTEXT     NOT NULL,
    category         VARBINARY(500) COMMENT 'UTF-8; bytes, because text comparisons ignore trailing spaces',
    ballot_kind      MEDIUMTEXT     NOT NULL COMMENT 'JSON',
    voter_policy     VARCHAR(255)   NOT NULL,
    results_policy   VARCHAR(255)   NOT NULL,
    allows_revote    BOOLEAN        NOT NULL,
    address_quota    TEXT           COMMENT 'JSON, or NULL without a quota',
    created_at       DATETIME(6)    NOT NULL,
    opens_at         DATETIME(6)    COMMENT 'NULL: open since created_at',
    opening_order    DATETIME(6) GENERATED ALWAYS AS (coalesce(opens_at, created_at)) VIRTUAL,
    closes_at        DATETIME(6),
    closing_order    BIGINT GENERATED ALWAYS AS (coalesce(timestampdiff(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', closes_at), 9223372036854775807)) VIRTUAL
                     COMMENT 'closes_at in microseconds of Unix time; polls without a deadline come after the latest deadline',
    edited_at        DATETIME(6),
    sealed_at        DATETIME(6),
    owner_id         BINARY(16)     COMMENT 'keyed digest; NULL: only the host may change the poll',
    owner_kind       VARCHAR(255)   COMMENT 'account or session',
    visibility       VARCHAR(64)    NOT NULL COMMENT 'public or unlisted',
    external_ref     VARBINARY(1020) COMMENT 'the id that the host gave the poll, as UTF-8; bytes as for category',
    metadata         MEDIUMTEXT     COMMENT 'data of the host, as the JSON text that it sent',
    join_code        VARCHAR(6)     COMMENT 'votify_join_codes says which poll has the code now',
    key_id           VARBINARY(255) NOT NULL,
    version          BIGINT         NOT NULL COMMENT 'version of the definition',
    epoch            BIGINT         NOT NULL COMMENT 'first part of the position of the tally',
    revision         BIGINT         NOT NULL COMMENT 'second part of the position of the tally',
    total_votes      BIGINT         NOT NULL,
    vote_counts      VARCHAR(2200) CHARACTER SET ascii NOT NULL COMMENT 'JSON array in the order of the options',
    trending_score   DOUBLE         NOT NULL,
    trending_rank    DOUBLE GENERATED ALWAYS AS (truncate(trending_score * 8, 0)) STORED
                     COMMENT 'trending_score in whole eighths, so that few votes change an indexed column',
    log_position     BIGINT         NOT NULL COMMENT 'highest position in the log of a queue of a ballot that was counted or refused; 0 without one',
    row_version      BIGINT         COMMENT 'random for each batch of votes, for caches; NULL before the first batch',
    PRIMARY KEY (id),
    CHECK ((owner_id IS NULL) = (owner_kind IS NULL)),
    -- For each order of listings: one index for all polls, one for public polls, one for
    -- public polls that are not sealed (whose sealed_at is NULL), and one for the public
    -- polls of a category.
    KEY votify_polls_newest (created_at, id),
    KEY votify_polls_newest_public (visibility, created_at, id),
    KEY votify_polls_newest_unsealed (visibility, sealed_at, created_at, id),
    KEY votify_polls_newest_category (category, visibility, created_at, id),
    KEY votify_polls_closing (closing_order, id DESC),
    KEY votify_polls_closing_public (visibility, closing_order, id DESC),
    KEY votify_polls_closing_unsealed (visibility, sealed_at, closing_order, id DESC),
    KEY votify_polls_closing_category (category, visibility, closing_order, id DESC),
    KEY votify_polls_opening (opening_order, id DESC),
    KEY votify_polls_opening_public (visibility, opening_order, id DESC),
    KEY votify_polls_opening_unsealed (visibility, sealed_at, opening_order, id DESC),
    KEY votify_polls_opening_category (category, visibility, opening_order, id DESC),
    KEY votify_polls_trending (trending_rank, id),
    KEY votify_polls_trending_public (visibility, trending_rank, id),
    KEY votify_polls_trending_unsealed (visibility, sealed_at, trending_rank, id),
    KEY votify_polls_trending_category (category, visibility, trending_rank, id),
    -- For the scheduler: unsealed polls by closing time.
    KEY votify_polls_due (sealed_at, closing_order, id DESC),
    KEY votify_polls_owner (owner_id, created_at, id),
    KEY votify_polls_external_ref (external_ref, created_at, id),
    -- For the count of polls of browser sessions.
    KEY votify_polls_of_sessions (owner_kind)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'polls with their tallies';

CREATE TABLE IF NOT EXISTS votify_title_words (
    word    VARBINARY(256) NOT NULL COMMENT 'UTF-8, as searches compare it; bytes as for category',
    poll_id BINARY(16)     NOT NULL,
    PRIMARY KEY (word, poll_id),
    KEY votify_title_words_by_poll (poll_id, word)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'words of the titles of polls';

CREATE TABLE IF NOT EXISTS votify_join_codes (
    code    VARCHAR(6) NOT NULL,
    poll_id BINARY(16) NOT NULL,
    PRIMARY KEY (code)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'the last poll that got each join code';

CREATE TABLE IF NOT EXISTS votify_owner_claims (
    account BINARY(16) NOT NULL COMMENT 'owner id',
    session BINARY(16) NOT NULL COMMENT 'owner id',
    PRIMARY KEY (account, session)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'sessions whose polls an account owns too';

CREATE TABLE IF NOT EXISTS votify_options (
    poll_id BINARY(16) NOT NULL,
    ordinal BIGINT     NOT NULL COMMENT 'from 0, in the order in which options are shown',
    id      BINARY(16) NOT NULL,
    `text`  MEDIUMTEXT NOT NULL,
    PRIMARY KEY (poll_id, ordinal)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'options of polls; votes do not change them';

-- The primary key appends votes at the end of their poll. Only the smaller unique index
-- is written in random order.
CREATE TABLE IF NOT EXISTS votify_votes (
    poll_id   BINARY(16)     NOT NULL,
    revision  BIGINT         NOT NULL COMMENT 'revision of the tally that first counts the ballot',
    voter_id  BINARY(16)     NOT NULL,
    ballot_id BINARY(16)     NOT NULL,
    choice    VARBINARY(255) NOT NULL COMMENT 'ordinals of options',
    cast_at   DATETIME(6)    NOT NULL,
    PRIMARY KEY (poll_id, revision),
    UNIQUE KEY votify_votes_one_per_voter (poll_id, voter_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'active ballots';

CREATE TABLE IF NOT EXISTS votify_superseded_votes (
    poll_id   BINARY(16)     NOT NULL,
    voter_id  BINARY(16)     NOT NULL,
    ballot_id BINARY(16)     NOT NULL,
    choice    VARBINARY(255) NOT NULL COMMENT 'ordinals of options',
    revision  BIGINT         NOT NULL,
    PRIMARY KEY (poll_id, voter_id, ballot_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'replaced and withdrawn ballots, so that a late retry of one is recognized';

CREATE TABLE IF NOT EXISTS votify_invites (
    poll_id  BINARY(16) NOT NULL,
    voter_id BINARY(16) NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'voters who have an invite code';

CREATE TABLE IF NOT EXISTS votify_vote_addresses (
    poll_id    BINARY(16) NOT NULL,
    voter_id   BINARY(16) NOT NULL,
    address_id BINARY(16) NOT NULL COMMENT 'keyed digest',
    PRIMARY KEY (poll_id, voter_id),
    KEY votify_vote_addresses_by_address (poll_id, address_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'addresses of active ballots, only in polls with an address quota';

CREATE TABLE IF NOT EXISTS votify_users (
    id               BINARY(16)      NOT NULL,
    name             MEDIUMTEXT      NOT NULL,
    name_key         VARBINARY(1024) NOT NULL COMMENT 'equal for all spellings of a name',
    password_hash    MEDIUMTEXT      NOT NULL,
    created_at       DATETIME(6)     NOT NULL,
    token_generation BIGINT          NOT NULL COMMENT 'number of password changes; tokens of a lower generation are revoked',
    PRIMARY KEY (id),
    UNIQUE KEY votify_users_one_per_name (name_key)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'users, for hosts without users of their own';

CREATE TABLE IF NOT EXISTS votify_revoked_tokens (
    token_id   BINARY(16)  NOT NULL,
    expires_at DATETIME(6) NOT NULL COMMENT 'when the token expires and the row can be deleted',
    PRIMARY KEY (token_id),
    KEY votify_revoked_tokens_by_expiry (expires_at, token_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'tokens that were revoked before their expiry';

-- For people who read the database with SQL.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW votify_option_counts AS
SELECT o.poll_id, o.id AS option_id,
       CAST(JSON_EXTRACT(p.vote_counts, CONCAT('$[', o.ordinal, ']')) AS SIGNED) AS vote_count
FROM votify_options o JOIN votify_polls p ON p.id = o.poll_id;
