-- Forgets a poll that was deleted, and lets nothing be kept of it that was on its way.
-- KEYS: the poll's state, its voters. ARGV: for how long, in milliseconds.
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'dead', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
