-- Creates a poll. An existing poll is left unchanged, and its state is returned.
-- KEYS: poll. ARGV: state without the run id, definition.
local state = redis.call('HGET', KEYS[1], 'state')
if state then
  return state
end
redis.call('HSET', KEYS[1], 'state', ARGV[1] .. run_id(), 'definition', ARGV[2])
return 1
