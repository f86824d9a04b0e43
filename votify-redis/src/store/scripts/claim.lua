-- Adds a session to those that an account claimed. Returns 0 if the account has the
-- maximum already.
-- KEYS: claims of the account. ARGV: session, maximum.
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
  return 1
end
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
return redis.call('SADD', KEYS[1], ARGV[1])
