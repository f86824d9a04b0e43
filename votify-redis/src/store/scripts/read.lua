-- KEYS: poll, votes, superseded. ARGV: voters, perhaps with ballots, and the width of each.
return look(KEYS[1], KEYS[2], KEYS[3], ARGV[1], tonumber(ARGV[2]))
