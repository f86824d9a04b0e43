-- Returns the addresses of these voters, and the ballot counts of those and of the given
-- addresses. Returns nothing if the poll changed.
-- KEYS: poll, voter_addresses, address_counts. ARGV: state as read, voters, addresses.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[1] then
  return false
end
local of_voters = rows(KEYS[2], ARGV[2], 16, 16)
local addresses = { ARGV[3] }
for i = 2, #of_voters, 2 do
  addresses[#addresses + 1] = of_voters[i]
end
return { of_voters, rows(KEYS[3], table.concat(addresses), 16, 16) }
