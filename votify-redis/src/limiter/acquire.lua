-- Takes one attempt of a sliding window if one is left, exactly as votify-core's SlidingWindow::acquire does.
--
-- KEYS[1]: the window, as SlidingWindow::to_bytes writes it
-- ARGV: the number of the current slice (below 2^32), the limit, and the expiry in milliseconds
--
-- Returns the window of before, from which the caller computes the permit. All numbers are integers far below 2^53, which
-- Lua's numbers hold exactly.
local slice, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local layout = '<I4I2I2I2I2I2I2'

local before = redis.call('GET', KEYS[1])
local newest, granted = 0, {0, 0, 0, 0, 0, 0}
if before and #before == 16 then
  granted = {struct.unpack(layout, before)}
  newest = table.remove(granted, 1)
end

-- Modulo 2^32, where more than half of that is back in time.
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
