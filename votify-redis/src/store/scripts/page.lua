-- Reads the voters of some revisions, and their active ballots.
-- KEYS: poll, reservation, votes, segment of the revision log. ARGV: first and last
-- byte of the segment.
local reply = read_poll(KEYS[1], KEYS[2], '', '', '', '', 16)
if not reply[5] then
  return reply
end
local voters = redis.call('GETRANGE', KEYS[4], ARGV[1], ARGV[2])
reply[7] = rows(KEYS[3], voters, 16, 16)
reply[8] = {}
reply[9] = {}
reply[10] = voters
reply[11] = redis.call('HLEN', KEYS[3])
return reply
