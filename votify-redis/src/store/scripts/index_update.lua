-- Puts a poll into its places, or takes it out of them, if its row is still the one that was read; else tells the row.
-- KEYS: rows, then listings. ARGV: poll, row as read or nothing, new row or nothing, how many places are left; then, of the
-- places left and of those taken, the listing as a place in KEYS and the member.
local row = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if row ~= ARGV[2] then
  return row
end
local left = 4 + 2 * tonumber(ARGV[4])
for i = 5, left, 2 do
  redis.call('ZREM', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
end
for i = left + 1, #ARGV, 2 do
  redis.call('ZADD', KEYS[tonumber(ARGV[i])], 0, ARGV[i + 1])
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
