-- How many ballots of a poll may stand from one address, as JSON; none by default. Versions before this one know nothing of it
-- and count every ballot.
ALTER TABLE votify_polls ADD COLUMN address_quota text;

-- From where ballots of such polls stand, as keyed digests, and of no others. No foreign key, for the reason that votes have none.
CREATE TABLE votify_places (
    poll_id    uuid NOT NULL,
    voter_id   uuid NOT NULL,
    address_id uuid NOT NULL,
    PRIMARY KEY (poll_id, voter_id)
);

CREATE INDEX votify_places_by_address ON votify_places (poll_id, address_id);
