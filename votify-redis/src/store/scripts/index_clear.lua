-- Takes marks away that were seen to. KEYS: announced, warm. ARGV: how long what is announced may take, in milliseconds;
-- how many announcements; these; then warm polls, each with its time as it was seen.
local time = redis.call('TIME')
local settled = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
local last = 2 + tonumber(ARGV[2])
for i = 3, last do
  local since = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if since and tonumber(since) < settled then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
for i = last + 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[2], ARGV[i])
  end
end
return 1
