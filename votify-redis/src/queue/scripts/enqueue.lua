-- Appends records to a partition until it is full.
--
-- KEYS: state, log. ARGV: number of partitions, deadline in microseconds, maximum number
-- of records, the records.
-- Returns the time in microseconds, and the number of records that were appended, or -1
-- after the deadline.
--
-- The id of a record is its log position and its ordinal. A position is at least the time
-- in microseconds, so that none is used twice after a restart without the last records.
local now = now_micros()
if now > tonumber(ARGV[2]) then
  return { now, -1 }
end
local stored = redis.call('HMGET', KEYS[1], 'partitions', 'end', 'appended')
if stored[1] and stored[1] ~= ARGV[1] then
  return redis.error_reply('VOTIFYPARTITIONS the queue has ' .. stored[1] .. ' partitions')
end
local last, appended = tonumber(stored[2]) or 0, tonumber(stored[3]) or 0
local room = tonumber(ARGV[3]) - redis.call('XLEN', KEYS[2])
local accepted = math.max(0, math.min(room, #ARGV - 3))
for i = 1, accepted do
  last, appended = math.max(last + 1, now), appended + 1
  redis.call('XADD', KEYS[2], text(last) .. '-' .. text(appended), 'v', ARGV[i + 3])
end
if accepted > 0 then
  redis.call('HSET', KEYS[1], 'partitions', ARGV[1], 'end', text(last), 'appended', text(appended))
end
return { now, accepted }
