-- Those who registered, for hosts that have no users of their own.
CREATE TABLE votify_users (
    id            uuid        NOT NULL PRIMARY KEY,
    name          text        NOT NULL,
    -- The same for all ways to write the name; its bytes, so that no collation has a say.
    name_key      bytea       NOT NULL,
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL
);

CREATE UNIQUE INDEX votify_users_one_per_name ON votify_users (name_key);

-- Tokens that were logged out before their end.
CREATE TABLE votify_revoked_tokens (
    token_id   uuid        NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE INDEX votify_revoked_tokens_ending ON votify_revoked_tokens (expires_at, token_id);
