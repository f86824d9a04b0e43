-- From where ballots of these voters stand, and how many stand from these addresses and from those; nothing if the poll is
-- not as it was read.
-- KEYS: poll, places, addresses. ARGV: state as read, voters, addresses.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[1] then
  return false
end
local places = rows(KEYS[2], ARGV[2], 16, 16)
local addresses = { ARGV[3] }
for i = 2, #places, 2 do
  addresses[#addresses + 1] = places[i]
end
return { places, rows(KEYS[3], table.concat(addresses), 16, 16) }
