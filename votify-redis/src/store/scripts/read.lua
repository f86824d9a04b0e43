-- Reads a poll and the ballots of voters.
-- KEYS: poll, reservation, votes, superseded.
-- ARGV: attempt, voters or voters with ballot ids, size of each in bytes.
return read_poll(KEYS[1], KEYS[2], ARGV[1], KEYS[3], KEYS[4], ARGV[2], tonumber(ARGV[3]))
