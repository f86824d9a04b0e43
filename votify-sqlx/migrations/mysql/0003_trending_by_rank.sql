-- Polls trend by the rank of their heat, whole eighths of it, so that few votes change an indexed column. The names of the
-- indexes stay, for the version before this one. One statement, which is done wholly or not at all; a run that was interrupted
-- after it finds the column.
SET @votify_statement = IF(
    EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
            AND table_name = 'votify_polls' AND column_name = 'heat_rank'),
    'DO 0',
    'ALTER TABLE votify_polls
     ADD COLUMN heat_rank DOUBLE GENERATED ALWAYS AS (truncate(heat * 8, 0)) STORED,
     DROP INDEX votify_polls_trending,
     DROP INDEX votify_polls_trending_unsealed,
     DROP INDEX votify_polls_trending_category,
     ADD INDEX votify_polls_trending (heat_rank, id),
     ADD INDEX votify_polls_trending_unsealed (sealed_at, heat_rank, id, opens_at, closes_order),
     ADD INDEX votify_polls_trending_category (category, heat_rank, id)');
PREPARE votify_statement FROM @votify_statement;
EXECUTE votify_statement;
DEALLOCATE PREPARE votify_statement;
SET @votify_statement = NULL;
