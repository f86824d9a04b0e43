-- Some places of a listing, and what its polls' places may have to be made anew for.
-- KEYS: the listing, rows, announced, warm. ARGV: the first and the last place, whether rows are wanted.
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
