-- Wants to be next no more. KEYS: turn. ARGV: caller.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
