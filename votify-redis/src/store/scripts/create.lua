-- KEYS: poll. ARGV: state without the run that it ends with, definition.
-- A poll that is there is answered, and stays.
local state = redis.call('HGET', KEYS[1], 'state')
if state then
  return state
end
redis.call('HSET', KEYS[1], 'state', ARGV[1] .. run_id(), 'definition', ARGV[2])
return 1
