-- Polls trend by the rank of their heat, whole eighths of it, so that few votes change an indexed column: a change that does
-- not leaves all indexes of the table alone. The name of the index stays, for the version before this one.
ALTER TABLE votify_tallies
    ADD COLUMN heat_rank double precision NOT NULL GENERATED ALWAYS AS (trunc(heat * 8)) STORED;

DROP INDEX votify_tallies_trending;
CREATE INDEX votify_tallies_trending ON votify_tallies (heat_rank, poll_id);
