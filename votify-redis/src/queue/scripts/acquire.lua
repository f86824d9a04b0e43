-- Makes a consumer the owner of a partition in its group, unless another one is.
--
-- KEYS: state, log. ARGV: group, member, lease in milliseconds.
-- Returns nothing if another consumer is the owner, otherwise log position and ordinal of
-- the last commit, and the lag.
local group = ARGV[1]
local committed, count = 'committed:' .. group, 'committed_count:' .. group
local found = redis.call('HMGET', KEYS[1], committed, count, 'owner:' .. group, 'lease_end:' .. group)
if not found[1] then
  -- A new group begins with the oldest record.
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  local stored = redis.call('HMGET', KEYS[1], 'end', 'appended')
  local before = oldest and tonumber(string.match(oldest[1], '%d+')) - 1 or tonumber(stored[1]) or 0
  local skipped = math.max(0, (tonumber(stored[2]) or 0) - redis.call('XLEN', KEYS[2]))
  found[1], found[2] = text(before), text(skipped)
  redis.call('HSET', KEYS[1], committed, found[1], count, found[2])
end
local now = math.floor(now_micros() / 1000)
if found[3] and found[3] ~= ARGV[2] and time_left(found[4], now) > 0 then
  return {}
end
redis.call('HSET', KEYS[1], 'owner:' .. group, ARGV[2], 'lease_end:' .. group, text(now + ARGV[3]))
return { found[1], found[2], lag(KEYS[1], group) }
