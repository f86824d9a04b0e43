-- No table has a foreign key. All rows of a poll are written and deleted under the lock
-- of its row in votify_tallies only, and a foreign key costs a check for each vote.

CREATE TABLE votify_polls (
    id               uuid        NOT NULL PRIMARY KEY,
    title            text        NOT NULL,
    description      text        NOT NULL,
    category         text,
    ballot_kind      text        NOT NULL,
    voter_policy     text        NOT NULL,
    results_policy   text        NOT NULL,
    allows_revote    boolean     NOT NULL,
    address_quota    text,
    created_at       timestamptz NOT NULL,
    opens_at         timestamptz,
    opening_order    timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(opens_at, created_at)) STORED,
    closes_at        timestamptz,
    closing_order    timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(closes_at, 'infinity'::timestamptz)) STORED,
    edited_at        timestamptz,
    sealed_at        timestamptz,
    owner_id         uuid,
    owner_kind       text,
    visibility       text        NOT NULL,
    external_ref     text,
    metadata         text,
    join_code        text,
    key_id           bytea       NOT NULL,
    version          bigint      NOT NULL,
    CHECK ((owner_id IS NULL) = (owner_kind IS NULL))
);

COMMENT ON TABLE votify_polls IS 'Definitions of polls. Votes do not change these rows.';
COMMENT ON COLUMN votify_polls.ballot_kind IS 'What a ballot may contain, as JSON.';
COMMENT ON COLUMN votify_polls.address_quota IS 'The maximum number of active ballots from one address, as JSON. NULL: unlimited.';
COMMENT ON COLUMN votify_polls.opens_at IS 'NULL: open since created_at.';
COMMENT ON COLUMN votify_polls.opening_order IS 'opens_at, or created_at: the order of lists by opening time.';
COMMENT ON COLUMN votify_polls.closing_order IS 'closes_at, or infinity: polls without an end are listed last.';
COMMENT ON COLUMN votify_polls.owner_id IS 'A keyed digest of the owner. NULL: only the host may change the poll.';
COMMENT ON COLUMN votify_polls.owner_kind IS 'What the owner is: account or session.';
COMMENT ON COLUMN votify_polls.visibility IS 'Whether lists show the poll: public or unlisted.';
COMMENT ON COLUMN votify_polls.external_ref IS 'The id that the host gave the poll.';
COMMENT ON COLUMN votify_polls.metadata IS 'Data of the host, as the JSON text that it sent.';
COMMENT ON COLUMN votify_polls.join_code IS 'The code of the poll. votify_join_codes says which poll has the code now.';
COMMENT ON COLUMN votify_polls.key_id IS 'The secret from which the voter and owner ids of the poll are derived.';
COMMENT ON COLUMN votify_polls.version IS 'The number of edits, including the seal.';

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
-- For the scheduler: unsealed polls by closing time.
CREATE INDEX votify_polls_due ON votify_polls (closing_order, id DESC) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_owner ON votify_polls (owner_id, created_at, id) WHERE owner_id IS NOT NULL;
CREATE INDEX votify_polls_external_ref ON votify_polls (external_ref, created_at, id) WHERE external_ref IS NOT NULL;
-- For the count of polls of browser sessions.
CREATE INDEX votify_polls_of_sessions ON votify_polls (owner_kind) WHERE owner_kind = 'session';

CREATE TABLE votify_title_words (
    word    text COLLATE "C" NOT NULL,
    poll_id uuid             NOT NULL,
    PRIMARY KEY (word, poll_id)
);

COMMENT ON TABLE votify_title_words IS 'The words of each title, in the form in which searches compare them.';

CREATE INDEX votify_title_words_by_poll ON votify_title_words (poll_id, word);

CREATE TABLE votify_join_codes (
    code    text NOT NULL PRIMARY KEY,
    poll_id uuid NOT NULL
);

COMMENT ON TABLE votify_join_codes IS 'The last poll that got each join code.';

CREATE TABLE votify_owner_claims (
    account uuid NOT NULL,
    session uuid NOT NULL,
    PRIMARY KEY (account, session)
);

COMMENT ON TABLE votify_owner_claims IS 'Sessions whose polls an account owns too. Both are owner ids.';

-- A table of its own: an update of an indexed column adds an entry to every index of a
-- table, and votify_polls has many. Half of each page is left free for new row versions,
-- so that an update that changes no indexed column stays within its page (HOT).
CREATE TABLE votify_tallies (
    poll_id        uuid             NOT NULL PRIMARY KEY,
    epoch          bigint           NOT NULL,
    revision       bigint           NOT NULL,
    total_votes    bigint           NOT NULL,
    trending_score double precision NOT NULL,
    trending_rank  double precision NOT NULL GENERATED ALWAYS AS (trunc(trending_score * 8)) STORED,
    visibility     text             NOT NULL,
    is_sealed      boolean          NOT NULL,
    log_position   bigint           NOT NULL,
    vote_counts    bigint[]         NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE votify_tallies IS 'The tally of each poll. Each batch of votes updates these rows, and a row is the lock of its poll.';
COMMENT ON COLUMN votify_tallies.epoch IS 'The number of repairs and restores, from 1.';
COMMENT ON COLUMN votify_tallies.revision IS 'The number of ballots counted, replaced or withdrawn, of edits, and of the seal.';
COMMENT ON COLUMN votify_tallies.visibility IS 'The visibility of the poll, for the index of public polls by trending.';
COMMENT ON COLUMN votify_tallies.is_sealed IS 'Whether the poll is sealed, for the index of open polls by trending.';
COMMENT ON COLUMN votify_tallies.log_position IS 'The highest position in the log of a queue of a ballot that was counted or refused; 0 without one.';
COMMENT ON COLUMN votify_tallies.vote_counts IS 'The votes for each option, in the order of votify_options.ordinal.';
COMMENT ON COLUMN votify_tallies.trending_score IS 'The base-2 logarithm of the number of votes, of which later ones weigh more.';
COMMENT ON COLUMN votify_tallies.trending_rank IS 'The score in eighths, so that few votes change an indexed column.';

CREATE INDEX votify_tallies_trending ON votify_tallies (trending_rank, poll_id);
CREATE INDEX votify_tallies_trending_public ON votify_tallies (trending_rank, poll_id) WHERE visibility = 'public';
CREATE INDEX votify_tallies_trending_unsealed ON votify_tallies (trending_rank, poll_id) WHERE visibility = 'public' AND NOT is_sealed;

CREATE TABLE votify_options (
    poll_id uuid    NOT NULL,
    ordinal integer NOT NULL,
    id      uuid    NOT NULL,
    text    text    NOT NULL,
    PRIMARY KEY (poll_id, ordinal)
);

COMMENT ON TABLE votify_options IS 'The options of polls. Votes do not change these rows.';
COMMENT ON COLUMN votify_options.ordinal IS 'The position of the option, from 0.';

CREATE TABLE votify_votes (
    poll_id   uuid        NOT NULL,
    voter_id  uuid        NOT NULL,
    ballot_id uuid        NOT NULL,
    revision  bigint      NOT NULL,
    cast_at   timestamptz NOT NULL,
    choice    bytea       NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);

COMMENT ON TABLE votify_votes IS 'Active ballots. The primary key rejects a second ballot of a voter.';
COMMENT ON COLUMN votify_votes.revision IS 'The revision of the tally with which the ballot was counted.';
COMMENT ON COLUMN votify_votes.choice IS 'The ordinals of the chosen options.';

-- Not on poll_id itself: while most polls have a handful of votes, the planner would rate
-- an index that begins with it as good as the primary key for reading one voter's vote.
CREATE UNIQUE INDEX votify_votes_in_order ON votify_votes (uuid_send(poll_id), revision);

CREATE TABLE votify_superseded_votes (
    poll_id   uuid   NOT NULL,
    voter_id  uuid   NOT NULL,
    ballot_id uuid   NOT NULL,
    revision  bigint NOT NULL,
    choice    bytea  NOT NULL,
    PRIMARY KEY (poll_id, voter_id, ballot_id)
);

COMMENT ON TABLE votify_superseded_votes IS 'Ballots that were replaced or withdrawn, so that a late retry of one is recognized.';

CREATE TABLE votify_invites (
    poll_id  uuid NOT NULL,
    voter_id uuid NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);

COMMENT ON TABLE votify_invites IS 'Voters who were invited with a code.';

CREATE TABLE votify_vote_addresses (
    poll_id    uuid NOT NULL,
    voter_id   uuid NOT NULL,
    address_id uuid NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);

COMMENT ON TABLE votify_vote_addresses IS 'The addresses of active ballots, in polls with an address quota only.';
COMMENT ON COLUMN votify_vote_addresses.address_id IS 'A keyed digest of the address.';

CREATE INDEX votify_vote_addresses_by_address ON votify_vote_addresses (poll_id, address_id);

CREATE TABLE votify_users (
    id               uuid        NOT NULL PRIMARY KEY,
    name             text        NOT NULL,
    name_key         bytea       NOT NULL,
    password_hash    text        NOT NULL,
    created_at       timestamptz NOT NULL,
    token_generation bigint      NOT NULL
);

COMMENT ON TABLE votify_users IS 'Registered users, for hosts without users of their own.';
COMMENT ON COLUMN votify_users.name_key IS 'The same for all spellings of a name. Bytes, so that no collation applies.';
COMMENT ON COLUMN votify_users.token_generation IS 'The number of password changes. Tokens of a lower generation are revoked.';

CREATE UNIQUE INDEX votify_users_one_per_name ON votify_users (name_key);

CREATE TABLE votify_revoked_tokens (
    token_id   uuid        NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

COMMENT ON TABLE votify_revoked_tokens IS 'Tokens that were revoked before their expiry.';

CREATE INDEX votify_revoked_tokens_by_expiry ON votify_revoked_tokens (expires_at, token_id);

CREATE VIEW votify_option_counts AS
    SELECT o.poll_id, o.id AS option_id, t.vote_counts[o.ordinal + 1] AS vote_count
    FROM votify_options o JOIN votify_tallies t ON t.poll_id = o.poll_id;

COMMENT ON VIEW votify_option_counts IS 'The votes for each option, for reading by hand. Votify does not use this view.';
