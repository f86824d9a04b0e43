-- Acquires an attempt of a sliding window if its cost is left, like SlidingWindow::acquire
-- in votify-core.
--
-- KEYS[1]: the window in the format of SlidingWindow::to_bytes
-- ARGV: length of a slice in microseconds, limit, cost, expiry in milliseconds, and in
-- tests the time in microseconds instead of the server's
--
-- Returns the time in microseconds and the window before the attempt; the caller derives
-- the permit from them. All numbers are integers below 2^53, so Lua's doubles are exact.
local length, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local layout = '<I4I4I4I4I4I4I4'

local now = tonumber(ARGV[5])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local slice = math.floor(now / length) % 4294967296

local before = redis.call('GET', KEYS[1])
local newest, granted = 0, {0, 0, 0, 0, 0, 0}
if before and #before == 28 then
  granted = {struct.unpack(layout, before)}
  newest = table.remove(granted, 1)
end

local used = 0
for age = 1, 6 do
  used = used + granted[age]
end

-- Slices since the newest one, modulo 2^32. Values above 2^31 mean that the clock went
-- back: the age of what was taken is unknown.
local step = (slice - newest) % 4294967296
local changed = step ~= 0
if step > 2147483647 then
  granted = {math.min(used, 4294967295), 0, 0, 0, 0, 0}
elseif changed then
  for age = 6, 1, -1 do
    granted[age] = age > step and granted[age - step] or 0
  end
end

used = 0
for age = 1, 6 do
  used = used + granted[age]
end
if used + cost <= limit then
  granted[1], changed = granted[1] + cost, true
end

if changed then
  local after = struct.pack(layout, slice, granted[1], granted[2], granted[3], granted[4], granted[5], granted[6])
  redis.call('SET', KEYS[1], after, 'PX', ARGV[4])
end
return {now, before or ''}
