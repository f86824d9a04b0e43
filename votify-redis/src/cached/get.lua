-- Reads the state of a poll and the fingerprints of voters.
-- KEYS: the poll's state, its voters. ARGV: the voters.
-- Returns the server's time in microseconds, the fields of the state, the epoch of the
-- fingerprints, and one fingerprint or nothing per voter.
local CHUNK = 1000
-- Maximum size of a value: 1 MiB. Snapshots are far smaller, so a larger value is
-- foreign.
local MAX_BYTES = 1048576

local function fields(key, names)
    if redis.call('TYPE', key).ok ~= 'hash' then
        return {}
    end
    local found = {}
    for first = 1, #names, CHUNK do
        local last = math.min(first + CHUNK - 1, #names)
        for index, value in ipairs(redis.call('HMGET', key, unpack(names, first, last))) do
            found[first + index - 1] = value and #value <= MAX_BYTES and value
        end
    end
    return found
end

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local state = fields(KEYS[1], { 'position', 'tally', 'poll', 'until', 'dead' })
if #ARGV == 0 then
    return { now, state, false, {} }
end
return { now, state, fields(KEYS[2], { 'epoch' })[1] or false, fields(KEYS[2], ARGV) }
