-- Takes a poll away that is still as it was read; else tells how it is now.
-- KEYS: poll, turn, and all else of it. ARGV: caller, run, state as read.
if not is_still(KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[1]) then
  be_next(KEYS[2], ARGV[1])
  return look(KEYS[1], KEYS[2], ARGV[1], '', '', '', 16)
end
for i = 1, #KEYS do
  redis.call('UNLINK', KEYS[i])
end
return 1
