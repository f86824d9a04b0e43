-- Replaces the entries of a poll if its row is unchanged, and returns the current row
-- otherwise.
-- KEYS: rows, listings.
-- ARGV: poll, row as read or '', new row or '', number of removed entries; then, for
-- removed and added entries, the index of the listing in KEYS and the member.
local row = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if row ~= ARGV[2] then
  return row
end
local last_removed = 4 + 2 * tonumber(ARGV[4])
for i = 5, last_removed, 2 do
  redis.call('ZREM', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
end
for i = last_removed + 1, #ARGV, 2 do
  redis.call('ZADD', KEYS[tonumber(ARGV[i])], 0, ARGV[i + 1])
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
