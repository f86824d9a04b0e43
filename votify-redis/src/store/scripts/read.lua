-- KEYS: poll, turn, votes, superseded. ARGV: caller; voters, perhaps with ballots, and the width of each.
return look(KEYS[1], KEYS[2], ARGV[1], KEYS[3], KEYS[4], ARGV[2], tonumber(ARGV[3]))
