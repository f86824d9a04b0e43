-- Those who registered, for hosts that have no users of their own.
CREATE TABLE IF NOT EXISTS votify_users (
    id            BINARY(16)      NOT NULL,
    name          MEDIUMTEXT      NOT NULL,
    -- The same for all ways to write the name; its bytes, so that no collation has a say.
    name_key      VARBINARY(1024) NOT NULL,
    password_hash MEDIUMTEXT      NOT NULL,
    created_at    DATETIME(6)     NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY votify_users_one_per_name (name_key)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Tokens that were logged out before their end.
CREATE TABLE IF NOT EXISTS votify_revoked_tokens (
    token_id   BINARY(16)  NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    PRIMARY KEY (token_id),
    KEY votify_revoked_tokens_ending (expires_at, token_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
