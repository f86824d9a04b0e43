-- Counts the members of ranges.
-- KEYS: sorted sets. ARGV: minimum and maximum of each.
local counts = {}
for i = 1, #KEYS do
  counts[i] = redis.call('ZLEXCOUNT', KEYS[i], ARGV[2 * i - 1], ARGV[2 * i])
end
return counts
