-- Deletes a poll if it is unchanged, and returns the current poll otherwise.
-- KEYS: poll, reservation, all other keys of the poll. ARGV: attempt, run, state as read.
if not is_unchanged(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[1]) then
  reserve(KEYS[2], ARGV[1])
  return read_poll(KEYS[1], KEYS[2], ARGV[1], '', '', '', 16)
end
for i = 1, #KEYS do
  redis.call('UNLINK', KEYS[i])
end
return 1
