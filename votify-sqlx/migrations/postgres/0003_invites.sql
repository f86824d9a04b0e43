-- Voters to whom a poll's owner gave a code. No foreign key, for the reason that votes have none.
CREATE TABLE votify_invites (
    poll_id  uuid NOT NULL,
    voter_id uuid NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);
