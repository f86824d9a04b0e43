-- Returns the number of invited voters. KEYS: invited.
return redis.call('SCARD', KEYS[1])
