-- Replaces a deleted poll by a tombstone. Until it expires, late snapshots are rejected.
-- KEYS: the poll's state, its voters. ARGV: time to live in milliseconds.
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'dead', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
