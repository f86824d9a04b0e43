-- Voters to whom a poll's owner gave a code. No foreign key, for the reason that votes have none.
CREATE TABLE votify_invites (
    poll_id  BLOB NOT NULL,
    voter_id BLOB NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
) STRICT, WITHOUT ROWID;
