-- Functions that several scripts share. All numbers are integers below 2^53, so Lua's
-- doubles are exact.

-- Returns an integer without an exponent.
local function text(number)
  return string.format('%.0f', number)
end

-- Returns the time in microseconds.
local function now_micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Returns the milliseconds until a lease ends, or 0. No lease is longer than 60 s: a later
-- end means that the clock was set back.
local function time_left(lease_end, now)
  local left = (tonumber(lease_end) or 0) - now
  return (left > 0 and left <= 60000) and left or 0
end

-- Returns true if `member` is the owner of the partition in `group`, and renews its lease
-- when a third of it has passed. So an idle consumer rarely writes.
local function is_owner(state, group, member, lease)
  local found = redis.call('HMGET', state, 'owner:' .. group, 'lease_end:' .. group)
  if found[1] ~= member then
    return false
  end
  local now = math.floor(now_micros() / 1000)
  if time_left(found[2], now) < lease * 2 / 3 then
    redis.call('HSET', state, 'lease_end:' .. group, text(now + lease))
  end
  return true
end

-- Returns the number of records behind the last commit of `group`.
local function lag(state, group)
  local found = redis.call('HMGET', state, 'appended', 'committed_count:' .. group)
  return math.max(0, (tonumber(found[1]) or 0) - (tonumber(found[2]) or 0))
end
