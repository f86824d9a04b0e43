-- What Redis knows of a poll, and which of these voters are known to have voted in it.
-- KEYS: the poll's state, its voters. ARGV: the voters asked for.
-- Answers the server's time in microseconds, the state's fields, the epoch of the voters, and a mark for each voter asked for.
local CHUNK = 1000
-- No poll is nearly as large; what is was not written by us.
local LARGEST = 1048576

local function fields(key, names)
    if redis.call('TYPE', key).ok ~= 'hash' then
        return {}
    end
    local found = {}
    for first = 1, #names, CHUNK do
        local last = math.min(first + CHUNK - 1, #names)
        for index, value in ipairs(redis.call('HMGET', key, unpack(names, first, last))) do
            found[first + index - 1] = value and #value <= LARGEST and value
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
