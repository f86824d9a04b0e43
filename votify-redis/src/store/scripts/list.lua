-- Reads a page of a listing, and the polls that wait to be reindexed (up to 500 of each
-- kind).
-- KEYS: listing, rows, intents, dirty_scores. ARGV: first and last index, '1' to return
-- rows.
local members = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'REV')
local ids = {}
for i = 1, #members do
  ids[i] = string.sub(members[i], -16)
end
local rows = {}
if ARGV[3] == '1' and #ids > 0 then
  rows = redis.call('HMGET', KEYS[2], unpack(ids))
end
return {
  redis.call('ZCARD', KEYS[1]),
  ids,
  rows,
  redis.call('ZRANGE', KEYS[3], 0, 499),
  redis.call('ZRANGE', KEYS[4], 0, 499, 'WITHSCORES'),
}
