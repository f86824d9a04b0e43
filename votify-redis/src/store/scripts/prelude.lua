-- Functions that several scripts share.

-- Returns the run id, which changes with each start of the server and differs between
-- servers.
local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Reads fields of a hash. `packed` holds one field of `length` bytes in every `width`
-- bytes. Returns index (from 0) and value of each existing field.
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

-- Returns true if the poll's state is still `state`, the server is still in run `run`, and
-- no attempt but `attempt` has reserved the next write.
local function is_unchanged(poll, reservation, run, state, attempt)
  local next = redis.call('GET', reservation)
  return (not next or next == attempt) and redis.call('HGET', poll, 'state') == state and run_id() == run
end

-- Reserves the next write for 250 ms, so that an attempt that conflicted does not conflict
-- again.
local function reserve(reservation, attempt)
  redis.call('SET', reservation, attempt, 'NX', 'PX', 250)
end

-- Reads a poll. `packed` holds voters (`width` 16), or voters with ballot ids (`width`
-- 32).
-- Returns run id, seconds, microseconds, whether another attempt has reserved the next
-- write, state and definition. If `packed` is not empty, rows of votes, of superseded
-- ballots, and of voters who withdrew a ballot follow.
local function read_poll(poll, reservation, attempt, votes, superseded, packed, width)
  local stored = redis.call('HMGET', poll, 'state', 'definition')
  local time = redis.call('TIME')
  local next = redis.call('GET', reservation)
  local reply = { run_id(), time[1], time[2], (next and next ~= attempt) and 1 or 0, stored[1], stored[2] }
  if stored[1] and packed ~= '' then
    reply[7] = rows(votes, packed, width, 16)
    if width == 32 and redis.call('EXISTS', superseded) == 1 then
      reply[8] = rows(superseded, packed, 32, 32)
      reply[9] = rows(superseded, packed, 32, 16)
    end
  end
  return reply
end
