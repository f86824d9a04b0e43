-- The voters of some revisions, and which ballots of theirs stand. KEYS: poll, votes, a part of the order.
-- ARGV: the first and the last byte of that part.
local seen = look(KEYS[1], '', '', '', 16)
if not seen[4] then
  return seen
end
local voters = redis.call('GETRANGE', KEYS[3], ARGV[1], ARGV[2])
seen[6] = rows(KEYS[2], voters, 16, 16)
seen[7] = {}
seen[8] = voters
seen[9] = redis.call('HLEN', KEYS[2])
return seen
