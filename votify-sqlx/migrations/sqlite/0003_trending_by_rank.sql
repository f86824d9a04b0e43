-- Polls trend by the rank of their heat: whole eighths of it. The names of the indexes stay, for the version before this one.
ALTER TABLE votify_polls ADD COLUMN heat_rank INTEGER NOT NULL GENERATED ALWAYS AS (CAST(heat * 8 AS INTEGER)) VIRTUAL;

DROP INDEX votify_polls_trending;
DROP INDEX votify_polls_trending_unsealed;
DROP INDEX votify_polls_trending_category;
CREATE INDEX votify_polls_trending ON votify_polls (heat_rank, id);
CREATE INDEX votify_polls_trending_unsealed ON votify_polls (heat_rank, id, opens_at, closes_order) WHERE sealed_at IS NULL;
CREATE INDEX votify_polls_trending_category ON votify_polls (category, heat_rank, id) WHERE category IS NOT NULL;
