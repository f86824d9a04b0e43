-- Those who registered, for hosts that have no users of their own.
CREATE TABLE votify_users (
    id            BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    -- The same for all ways to write the name.
    name_key      BLOB    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX votify_users_one_per_name ON votify_users (name_key);

-- Tokens that were logged out before their end.
CREATE TABLE votify_revoked_tokens (
    token_id   BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_revoked_tokens_ending ON votify_revoked_tokens (expires_at, token_id);
