-- Creates the queue unless it exists. KEYS: queue. ARGV: number of partitions.
-- Returns the number of partitions that the queue has.
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[1])
return redis.call('HGET', KEYS[1], 'partitions')
