-- By what polls are remembered between batches, beside their positions: each batch leaves a number of its own, so that a poll
-- that was deleted and made again is another. Versions before this one leave it alone, and what they do moves the position. One
-- statement, which is done wholly or not at all; a run that was interrupted after it finds the column.
SET @votify_statement = IF(
    EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
            AND table_name = 'votify_polls' AND column_name = 'mark'),
    'DO 0',
    'ALTER TABLE votify_polls ADD COLUMN mark BIGINT');
PREPARE votify_statement FROM @votify_statement;
EXECUTE votify_statement;
DEALLOCATE PREPARE votify_statement;
SET @votify_statement = NULL;
