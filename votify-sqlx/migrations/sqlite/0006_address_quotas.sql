-- How many ballots of a poll may stand from one address, as JSON; none by default. Versions before this one know nothing of it
-- and count every ballot.
ALTER TABLE votify_polls ADD COLUMN address_quota TEXT;

-- From where ballots of such polls stand, as keyed digests, and of no others. No foreign key, for the reason that votes have none.
CREATE TABLE votify_places (
    poll_id    BLOB NOT NULL,
    voter_id   BLOB NOT NULL,
    address_id BLOB NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX votify_places_by_address ON votify_places (poll_id, address_id);
