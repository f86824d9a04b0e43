-- Removes intents that are old enough, and dirty scores that are unchanged.
-- KEYS: intents, dirty_scores.
-- ARGV: minimum age of an intent in milliseconds, number of intents, the intents; then
-- polls with dirty scores, each with its time as read.
local time = redis.call('TIME')
local threshold = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
local last_intent = 2 + tonumber(ARGV[2])
for i = 3, last_intent do
  local written = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if written and tonumber(written) < threshold then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
for i = last_intent + 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[2], ARGV[i])
  end
end
return 1
