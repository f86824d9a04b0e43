-- Adds members with the server's time in milliseconds as score.
-- KEYS: a sorted set. ARGV: members.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for i = 1, #ARGV do
  redis.call('ZADD', KEYS[1], now, ARGV[i])
end
return 1
