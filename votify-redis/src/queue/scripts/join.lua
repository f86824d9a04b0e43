-- Adds a consumer to its group, or keeps it there, for the length of a lease.
--
-- KEYS: members. ARGV: member, lease in milliseconds.
-- Returns the members.
local now = math.floor(now_micros() / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
-- No lease is longer than 60 s: the clock was set back.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. text(now + 60000), '+inf')
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('ZRANGE', KEYS[1], 0, -1)
