-- Writes a new state if the poll is unchanged, and returns the current poll otherwise.
-- KEYS: poll, reservation.
-- ARGV: attempt, run, state as read, new state, new definition ('' keeps the definition).
if not is_unchanged(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[1]) then
  reserve(KEYS[2], ARGV[1])
  return read_poll(KEYS[1], KEYS[2], ARGV[1], '', '', '', 16)
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'definition', ARGV[5])
end
redis.call('HSET', KEYS[1], 'state', ARGV[4])
redis.call('DEL', KEYS[2])
return 1
