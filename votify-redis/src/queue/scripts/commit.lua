-- Commits a partition up to a record, if the consumer is the owner, and removes the
-- records that all groups have committed.
--
-- KEYS: state, log. ARGV: group, member, lease in milliseconds, log position, ordinal.
-- Returns nothing if the consumer is not the owner, otherwise the lag.
local group = ARGV[1]
if not is_owner(KEYS[1], group, ARGV[2], tonumber(ARGV[3])) then
  return {}
end
local position, ordinal = tonumber(ARGV[4]), tonumber(ARGV[5])
local before = redis.call('HMGET', KEYS[1], 'committed:' .. group, 'committed_count:' .. group)
local before_position, before_ordinal = tonumber(before[1]) or 0, tonumber(before[2]) or 0
if position > before_position or (position == before_position and ordinal > before_ordinal) then
  redis.call('HSET', KEYS[1], 'committed:' .. group, ARGV[4], 'committed_count:' .. group, ARGV[5])
  local last, slowest = position, group
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local other = string.match(fields[i], '^committed:(.+)$')
    if other and tonumber(fields[i + 1]) < last then
      last, slowest = tonumber(fields[i + 1]), other
    end
  end
  local count = tonumber(redis.call('HGET', KEYS[1], 'committed_count:' .. slowest)) or 0
  redis.call('XTRIM', KEYS[2], 'MINID', text(last) .. '-' .. text(count + 1))
end
return { lag(KEYS[1], group) }
