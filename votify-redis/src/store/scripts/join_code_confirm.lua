-- Confirms the reservation of a join code. Returns 0 if it is another one now.
-- KEYS: join code. ARGV: poll, nonce.
local held = redis.call('HMGET', KEYS[1], 'poll', 'nonce')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], 'reserved_at')
return 1
