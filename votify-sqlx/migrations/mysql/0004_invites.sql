-- Voters to whom a poll's owner gave a code. No foreign key, for the reason that votes have none.
CREATE TABLE IF NOT EXISTS votify_invites (
    poll_id  BINARY(16) NOT NULL,
    voter_id BINARY(16) NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
