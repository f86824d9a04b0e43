-- Reads records behind an id, if the consumer is the owner of the partition.
--
-- KEYS: state, log. ARGV: group, member, lease in milliseconds, id, maximum number.
-- Returns nothing if the consumer is not the owner, otherwise the lag and the entries.
if not is_owner(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])) then
  return {}
end
local entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[4], '+', 'COUNT', ARGV[5])
return { lag(KEYS[1], ARGV[1]), entries }
