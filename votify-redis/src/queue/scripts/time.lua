-- Returns the time in microseconds. KEYS: state, which chooses the server of a cluster.
return now_micros()
