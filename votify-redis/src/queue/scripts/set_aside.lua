-- Stores entries that cannot be counted. The oldest make room for them.
--
-- KEYS: dead. ARGV: maximum number, then for each entry: id, reason, value.
for i = 2, #ARGV, 3 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'id', ARGV[i], 'reason', ARGV[i + 1], 'v', ARGV[i + 2])
end
return 1
