-- Stores a snapshot of a poll unless a newer one is stored, and adds fingerprints of
-- voters.
-- KEYS: the poll's state, its voters.
-- ARGV: position, version, tally, poll ('' keeps the poll of this version), end of the
-- lease ('0' keeps the lease), time to live in milliseconds; then voter, fingerprint
-- pairs. Positions and versions have a fixed width, so text comparison orders them.
-- Leases end at microseconds of this server's clock.
local CHUNK = 1000
local FIRST_VOTER = 7
local state, voters = KEYS[1], KEYS[2]
local position, version, tally, poll, lease_end, ttl = unpack(ARGV, 1, 6)
local epoch = string.sub(position, 1, 20)

-- Foreign values of another type would make the calls below fail.
for _, key in ipairs(KEYS) do
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'hash' and kind ~= 'none' then
        redis.call('DEL', key)
    end
end

local function digits(text, length)
    return text and #text == length and not string.find(text, '%D') and text
end

local stored = redis.call('HMGET', state, 'position', 'version', 'dead')
if stored[3] then
    return
end
local stored_position = digits(stored[1], 40)
local same_epoch = stored_position and string.sub(stored_position, 1, 20) == epoch
if stored_position and stored_position > position then
    -- This library always sets an expiry; a foreign write may have removed it.
    if redis.call('PTTL', state) == -1 then
        redis.call('PEXPIRE', state, ttl)
    end
    if string.sub(stored_position, 1, 20) > epoch then
        return
    end
else
    if not same_epoch or stored[2] ~= version then
        redis.call('HDEL', state, 'poll', 'until')
    end
    redis.call('HSET', state, 'position', position, 'version', version, 'tally', tally)
    if poll ~= '' then
        redis.call('HSET', state, 'poll', poll)
    end
    -- Readers compare the end with their time, so a late write stores an expired lease.
    if lease_end ~= '0' then
        redis.call('HSET', state, 'until', lease_end)
    end
    redis.call('PEXPIRE', state, ttl)
end

local voters_epoch = digits(redis.call('HGET', voters, 'epoch'), 20)
if voters_epoch ~= epoch and redis.call('EXISTS', voters) == 1 then
    -- Fingerprints of a newer epoch exist only if the state was lost.
    if voters_epoch and voters_epoch > epoch and not same_epoch then
        return
    end
    redis.call('DEL', voters)
end
if #ARGV >= FIRST_VOTER then
    redis.call('HSET', voters, 'epoch', epoch)
    for first = FIRST_VOTER, #ARGV, CHUNK do
        redis.call('HSET', voters, unpack(ARGV, first, math.min(first + CHUNK - 1, #ARGV)))
    end
    redis.call('PEXPIRE', voters, ttl)
end
