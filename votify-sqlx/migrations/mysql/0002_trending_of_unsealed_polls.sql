-- Trending lists ask for polls that are not sealed, which the general index has to look up one by one. MySQL cannot make an
-- index only if it is missing, which it may not be where this was interrupted before.
SET @votify_statement = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE()
            AND table_name = 'votify_polls' AND index_name = 'votify_polls_trending_unsealed'),
    'DO 0',
    'CREATE INDEX votify_polls_trending_unsealed ON votify_polls (sealed_at, heat, id, opens_at, closes_order)');
PREPARE votify_statement FROM @votify_statement;
EXECUTE votify_statement;
DEALLOCATE PREPARE votify_statement;
SET @votify_statement = NULL;
