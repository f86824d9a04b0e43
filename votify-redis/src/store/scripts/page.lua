-- The voters of some revisions, and which ballots of theirs stand. KEYS: poll, turn, votes, a part of the order.
-- ARGV: the first and the last byte of that part.
local seen = look(KEYS[1], KEYS[2], '', '', '', '', 16)
if not seen[5] then
  return seen
end
local voters = redis.call('GETRANGE', KEYS[4], ARGV[1], ARGV[2])
seen[7] = rows(KEYS[3], voters, 16, 16)
seen[8] = {}
seen[9] = voters
seen[10] = redis.call('HLEN', KEYS[3])
return seen
