-- Releases the reservation of a session. KEYS: reservation. ARGV: session.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
