-- Writes a poll that is still as it was read; else tells how it is now.
-- KEYS: poll, turn. ARGV: caller, run, state as read, new state, new definition or nothing.
if not is_still(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[1]) then
  be_next(KEYS[2], ARGV[1])
  return look(KEYS[1], KEYS[2], ARGV[1], '', '', '', 16)
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'definition', ARGV[5])
end
redis.call('HSET', KEYS[1], 'state', ARGV[4])
redis.call('DEL', KEYS[2])
return 1
