-- Gives a partition up. KEYS: state. ARGV: group, member.
if redis.call('HGET', KEYS[1], 'owner:' .. ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'owner:' .. ARGV[1], 'lease_end:' .. ARGV[1])
end
return 1
