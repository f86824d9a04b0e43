-- Reads the polls that wait to be reindexed, up to 500 of each kind.
-- KEYS: intents, dirty_scores.
return {
  redis.call('ZRANGE', KEYS[1], 0, 499),
  redis.call('ZRANGE', KEYS[2], 0, 499, 'WITHSCORES'),
}
