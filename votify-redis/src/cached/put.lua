-- Keeps a snapshot of a poll if it is not older than the one that is there, and marks voters who have voted.
-- KEYS: the poll's state, its voters.
-- ARGV: position, version, tally, poll ('' leaves the one of that version), until when others may rely on it ('0' leaves that as
-- it was), how long to keep it all in milliseconds; then voter, mark, voter, mark ...
-- Positions and versions are of fixed width, so that they compare as text; moments are microseconds of this server's clock.
local CHUNK = 1000
local FIRST_MARK = 7
local state, voters = KEYS[1], KEYS[2]
local position, version, tally, poll, valid, life = unpack(ARGV, 1, 6)
local epoch = string.sub(position, 1, 20)

-- Whatever else was put in the way.
for _, key in ipairs(KEYS) do
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'hash' and kind ~= 'none' then
        redis.call('DEL', key)
    end
end

local function digits(text, length)
    return text and #text == length and not string.find(text, '%D') and text
end

local kept = redis.call('HMGET', state, 'position', 'version', 'dead')
if kept[3] then
    return
end
local known = digits(kept[1], 40)
local same_epoch = known and string.sub(known, 1, 20) == epoch
if known and known > position then
    -- Ours always have one.
    if redis.call('PTTL', state) == -1 then
        redis.call('PEXPIRE', state, life)
    end
    if string.sub(known, 1, 20) > epoch then
        return
    end
else
    if not same_epoch or kept[2] ~= version then
        redis.call('HDEL', state, 'poll', 'until')
    end
    redis.call('HSET', state, 'position', position, 'version', version, 'tally', tally)
    if poll ~= '' then
        redis.call('HSET', state, 'poll', poll)
    end
    -- Whoever reads it compares it with the time: one that comes late is over by then.
    if valid ~= '0' then
        redis.call('HSET', state, 'until', valid)
    end
    redis.call('PEXPIRE', state, life)
end

local marked = digits(redis.call('HGET', voters, 'epoch'), 20)
if marked ~= epoch and redis.call('EXISTS', voters) == 1 then
    -- No marks are newer than the state, unless that was lost.
    if marked and marked > epoch and not same_epoch then
        return
    end
    redis.call('DEL', voters)
end
if #ARGV >= FIRST_MARK then
    redis.call('HSET', voters, 'epoch', epoch)
    for first = FIRST_MARK, #ARGV, CHUNK do
        redis.call('HSET', voters, unpack(ARGV, first, math.min(first + CHUNK - 1, #ARGV)))
    end
    redis.call('PEXPIRE', voters, life)
end
