-- Writes what a batch did, if the poll is still as it was read and the server still the same; else tells how it is now.
-- KEYS: poll, votes, superseded, then parts of the order.
-- ARGV: run, state as read, new state, voters with ballots; how many rows are inserted, updated, removed, superseded; then
-- the offset and the voters for each part of the order; then the rows.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[2] or run_id() ~= ARGV[1] then
  return look(KEYS[1], KEYS[2], KEYS[3], ARGV[4], 32)
end

-- What could fail fails here, before anything is written.
redis.call('HLEN', KEYS[3])
for i = 4, #KEYS do
  redis.call('STRLEN', KEYS[i])
end
local at = 9 + 2 * (#KEYS - 3)
local inserted = {}
for i = 1, tonumber(ARGV[5]) do
  inserted[i] = ARGV[at + 2 * i - 2]
end
for first = 1, #inserted, 4000 do
  local there = redis.call('HMGET', KEYS[2], unpack(inserted, first, math.min(first + 3999, #inserted)))
  for i = 1, #there do
    if there[i] then
      return redis.error_reply('VOTIFYTWICE a ballot stands where none was read')
    end
  end
end

local function write(count, command, key)
  local last = at + count - 1
  while at <= last do
    local next = math.min(at + 4000, last + 1)
    redis.call(command, key, unpack(ARGV, at, next - 1))
    at = next
  end
end

write(2 * (tonumber(ARGV[5]) + tonumber(ARGV[6])), 'HSET', KEYS[2])
write(tonumber(ARGV[7]), 'HDEL', KEYS[2])
write(2 * tonumber(ARGV[8]), 'HSET', KEYS[3])
for i = 4, #KEYS do
  redis.call('SETRANGE', KEYS[i], ARGV[2 * i + 1], ARGV[2 * i + 2])
end
redis.call('HSET', KEYS[1], 'state', ARGV[3])
return 1
