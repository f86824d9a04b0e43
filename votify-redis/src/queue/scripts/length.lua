-- Returns the number of records in a partition. KEYS: log.
return redis.call('XLEN', KEYS[1])
