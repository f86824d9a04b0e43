-- Returns the server's time. KEYS: any key, which chooses the server of a cluster.
return redis.call('TIME')
