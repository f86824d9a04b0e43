CREATE TABLE votify_polls (
    id           uuid        NOT NULL PRIMARY KEY,
    title        text        NOT NULL,
    -- The title as searches compare it.
    title_search text        NOT NULL,
    description  text        NOT NULL,
    category     text,
    -- What a ballot looks like, as JSON.
    ballot       text        NOT NULL,
    voters       text        NOT NULL,
    results      text        NOT NULL,
    revote       boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    opens_at     timestamptz NOT NULL,
    closes_at    timestamptz,
    -- Polls without an end come last in the order of closing.
    closes_order timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(closes_at, 'infinity'::timestamptz)) STORED,
    edited_at    timestamptz,
    sealed_at    timestamptz,
    owner        bytea,
    key_id       bytea       NOT NULL,
    version      bigint      NOT NULL
);

-- One for each order, over all polls, over those that are not sealed, and over one category.
CREATE INDEX votify_polls_newest ON votify_polls (created_at, id);
CREATE INDEX votify_polls_newest_unsealed ON votify_polls (created_at, id) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_newest_category ON votify_polls (category, created_at, id);
CREATE INDEX votify_polls_closing ON votify_polls (closes_order, id DESC);
CREATE INDEX votify_polls_closing_unsealed ON votify_polls (closes_order, id DESC) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_closing_category ON votify_polls (category, closes_order, id DESC);
CREATE INDEX votify_polls_opening ON votify_polls (opens_at, id DESC);
CREATE INDEX votify_polls_opening_unsealed ON votify_polls (opens_at, id DESC) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_opening_category ON votify_polls (category, opens_at, id DESC);

-- What moves with every batch of votes, apart from the indexes above: PostgreSQL writes an entry into every index of a table
-- when an indexed column of a row changes. These rows are also the polls' locks. Room is left in each page for new versions.
CREATE TABLE votify_tallies (
    poll_id     uuid             NOT NULL PRIMARY KEY REFERENCES votify_polls (id) ON DELETE CASCADE,
    epoch       bigint           NOT NULL,
    revision    bigint           NOT NULL,
    total_votes bigint           NOT NULL,
    heat        double precision NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX votify_tallies_trending ON votify_tallies (heat, poll_id);

CREATE TABLE votify_poll_options (
    poll_id    uuid   NOT NULL REFERENCES votify_polls (id) ON DELETE CASCADE,
    id         uuid   NOT NULL,
    position   bigint NOT NULL,
    text       text   NOT NULL,
    vote_count bigint NOT NULL,
    PRIMARY KEY (poll_id, id)
) WITH (fillfactor = 50);

-- The ballots that stand. The primary key judges who votes twice.
-- No foreign key: ballots are written under their poll's lock only, and deleted with it; checking one costs a lock per vote.
CREATE TABLE votify_votes (
    poll_id   uuid        NOT NULL,
    voter_id  uuid        NOT NULL,
    ballot_id uuid        NOT NULL,
    revision  bigint      NOT NULL,
    cast_at   timestamptz NOT NULL,
    choice    bytea       NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);

-- Not over the id itself: the planner would take an index that begins with it for as good a way to one voter's vote as the
-- primary key, where most polls have had a handful of votes so far.
CREATE UNIQUE INDEX votify_votes_in_order ON votify_votes (uuid_send(poll_id), revision);

-- Accepted ballots that count no more, so that a late retry of one is recognised.
CREATE TABLE votify_superseded_votes (
    poll_id   uuid   NOT NULL,
    voter_id  uuid   NOT NULL,
    ballot_id uuid   NOT NULL,
    revision  bigint NOT NULL,
    choice    bytea  NOT NULL,
    PRIMARY KEY (poll_id, voter_id, ballot_id)
);
