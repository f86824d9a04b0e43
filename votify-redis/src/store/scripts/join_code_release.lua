-- Frees a join code, unless another reservation holds it.
-- KEYS: join code. ARGV: poll, nonce.
local held = redis.call('HMGET', KEYS[1], 'poll', 'nonce')
if held[1] == ARGV[1] and held[2] == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
return 1
