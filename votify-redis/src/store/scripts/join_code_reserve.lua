-- Reserves a join code for a poll, unless another poll holds it. Otherwise returns the
-- holder, its nonce, and the age of its reservation in milliseconds (-1: confirmed).
-- KEYS: join code. ARGV: poll, nonce, nonce of a holder that may be replaced or ''.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'poll', 'nonce', 'reserved_at')
if held[1] and held[2] ~= ARGV[3] then
  return { held[1], held[2], held[3] and math.max(0, now - tonumber(held[3])) or -1 }
end
redis.call('HSET', KEYS[1], 'poll', ARGV[1], 'nonce', ARGV[2], 'reserved_at', string.format('%.0f', now))
return 1
