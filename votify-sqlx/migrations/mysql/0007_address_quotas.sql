-- How many ballots of a poll may stand from one address, as JSON; none by default. Versions before this one know nothing of it
-- and count every ballot. One statement for the column, which is done wholly or not at all; a run that was interrupted after
-- it finds the column.
SET @votify_statement = IF(
    EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
            AND table_name = 'votify_polls' AND column_name = 'address_quota'),
    'DO 0',
    'ALTER TABLE votify_polls ADD COLUMN address_quota TEXT');
PREPARE votify_statement FROM @votify_statement;
EXECUTE votify_statement;
DEALLOCATE PREPARE votify_statement;
SET @votify_statement = NULL;

-- From where ballots of such polls stand, as keyed digests, and of no others. No foreign key, for the reason that votes have none.
CREATE TABLE IF NOT EXISTS votify_places (
    poll_id    BINARY(16) NOT NULL,
    voter_id   BINARY(16) NOT NULL,
    address_id BINARY(16) NOT NULL,
    PRIMARY KEY (poll_id, voter_id),
    KEY votify_places_by_address (poll_id, address_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
