-- What is kept of a poll at this moment, and of some voters: the beginning of the scripts that need it.

-- Another one after each start of a server, and of another server.
local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- The rows of a hash whose fields stand in `packed`, `width` bytes from each to the next: the place of each row that is
-- there, counted from 0, and what it holds.
local function rows(key, packed, width, length)
  local fields, found = {}, {}
  for at = 1, #packed, width do
    fields[#fields + 1] = string.sub(packed, at, at + length - 1)
  end
  for first = 1, #fields, 4000 do
    local values = redis.call('HMGET', key, unpack(fields, first, math.min(first + 3999, #fields)))
    for i = 1, #values do
      if values[i] then
        found[#found + 1] = first + i - 2
        found[#found + 1] = values[i]
      end
    end
  end
  return found
end

-- Whether a poll is still as it was read, by the run that it was read from, and nobody else asked to be next.
local function is_still(poll, turn, run, state, caller)
  local next = redis.call('GET', turn)
  return (not next or next == caller) and redis.call('HGET', poll, 'state') == state and run_id() == run
end

-- Asks to be next, for a moment: who lost a race is not to lose the one after it too.
local function be_next(turn, caller)
  redis.call('SET', turn, caller, 'NX', 'PX', 250)
end

-- `packed` holds voters (`width` 16), or voters each with the id of a ballot (`width` 32).
local function look(poll, turn, caller, votes, old, packed, width)
  local kept = redis.call('HMGET', poll, 'state', 'definition')
  local time = redis.call('TIME')
  local next = redis.call('GET', turn)
  local seen = { run_id(), time[1], time[2], (next and next ~= caller) and 1 or 0, kept[1], kept[2] }
  if kept[1] and packed ~= '' then
    seen[7] = rows(votes, packed, width, 16)
    if width == 32 and redis.call('EXISTS', old) == 1 then
      seen[8] = rows(old, packed, 32, 32)
    end
  end
  return seen
end
