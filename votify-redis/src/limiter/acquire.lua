-- Acquires one attempt of a sliding window if one is left, like SlidingWindow::acquire in
-- votify-core.
--
-- KEYS[1]: the window in the format of SlidingWindow::to_bytes
-- ARGV: number of the current slice (below 2^32), limit, expiry in milliseconds
--
-- Returns the window before the attempt; the caller derives the permit from it. All
-- numbers are integers far below 2^53, so Lua's doubles are exact.
local slice, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local layout = '<I4I2I2I2I2I2I2'

local before = redis.call('GET', KEYS[1])
local newest, granted = 0, {0, 0, 0, 0, 0, 0}
if before and #before == 16 then
  granted = {struct.unpack(layout, before)}
  newest = table.remove(granted, 1)
end

-- Slices since the newest one, modulo 2^32. Values above 2^31 mean that the clock went
-- back.
local step = (slice - newest) % 4294967296
local changed = false
if step ~= 0 and step <= 2147483647 then
  for age = 6, 1, -1 do
    granted[age] = age > step and granted[age - step] or 0
  end
  newest, changed = slice, true
end

local used = 0
for age = 1, 6 do
  used = used + granted[age]
end
if used < limit then
  granted[1], changed = granted[1] + 1, true
end

if changed then
  local after = struct.pack(layout, newest, granted[1], granted[2], granted[3], granted[4], granted[5], granted[6])
  redis.call('SET', KEYS[1], after, 'PX', ARGV[3])
end
return before or ''
