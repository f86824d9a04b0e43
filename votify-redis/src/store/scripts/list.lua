-- Reads the first members of listings, each in descending order.
-- KEYS: listings. ARGV: upper bound, maximum members per listing.
local members = {}
for i = 1, #KEYS do
  members[i] = redis.call('ZRANGE', KEYS[i], ARGV[1], '-', 'BYLEX', 'REV', 'LIMIT', 0, ARGV[2])
end
return members
