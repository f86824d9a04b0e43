-- Writes a batch if the poll is unchanged, and returns the current poll otherwise.
-- KEYS: poll, reservation, votes, superseded, voter_addresses, address_counts,
-- segments of the revision log.
-- ARGV: attempt, run, state as read, new state, voters with ballot ids; the number of
-- inserted, updated and removed ballots, of superseded ones with voters who withdrew, of
-- released and added voter addresses, and of changed address counts; offset and voters
-- for each segment of the revision log; the rows.
if not is_unchanged(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[1]) then
  reserve(KEYS[2], ARGV[1])
  return read_poll(KEYS[1], KEYS[2], ARGV[1], KEYS[3], KEYS[4], ARGV[5], 32)
end

-- A key of the wrong type fails here, before anything is written.
redis.call('HLEN', KEYS[4])
for i = 5, 6 do
  redis.call('HLEN', KEYS[i])
end
for i = 7, #KEYS do
  redis.call('STRLEN', KEYS[i])
end
local at = 13 + 2 * (#KEYS - 6)
local inserted = {}
for i = 1, tonumber(ARGV[6]) do
  inserted[i] = ARGV[at + 2 * i - 2]
end
for first = 1, #inserted, 4000 do
  local existing = redis.call('HMGET', KEYS[3], unpack(inserted, first, math.min(first + 3999, #inserted)))
  for i = 1, #existing do
    if existing[i] then
      return redis.error_reply('VOTIFYDUPLICATE a voter already has a ballot that was not read')
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

write(2 * (tonumber(ARGV[6]) + tonumber(ARGV[7])), 'HSET', KEYS[3])
write(tonumber(ARGV[8]), 'HDEL', KEYS[3])
write(2 * tonumber(ARGV[9]), 'HSET', KEYS[4])
write(tonumber(ARGV[10]), 'HDEL', KEYS[5])
write(2 * tonumber(ARGV[11]), 'HSET', KEYS[5])
write(2 * tonumber(ARGV[12]), 'HSET', KEYS[6])
for i = 7, #KEYS do
  redis.call('SETRANGE', KEYS[i], ARGV[2 * i - 1], ARGV[2 * i])
end
redis.call('HSET', KEYS[1], 'state', ARGV[4])
redis.call('DEL', KEYS[2])
return 1
