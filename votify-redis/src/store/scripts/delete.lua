-- Takes a poll away that is still as it was read; else tells how it is now.
-- KEYS: poll, and all else of it. ARGV: state as read.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[1] then
  return look(KEYS[1], '', '', '', 16)
end
for i = 1, #KEYS do
  redis.call('UNLINK', KEYS[i])
end
return 1
