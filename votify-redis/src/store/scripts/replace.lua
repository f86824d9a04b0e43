-- Writes a poll that is still as it was read; else tells how it is now.
-- KEYS: poll. ARGV: run, state as read, new state, new definition or nothing.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[2] or run_id() ~= ARGV[1] then
  return look(KEYS[1], '', '', '', 16)
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'definition', ARGV[4])
end
redis.call('HSET', KEYS[1], 'state', ARGV[3])
return 1
