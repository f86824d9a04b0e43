-- Invites voters to an existing poll: all of them, or none if the total would exceed the
-- maximum.
-- KEYS: poll, invited. ARGV: maximum, voters. Returns the total and 1 if these voters are
-- invited, 0 otherwise; nil if the poll does not exist.
if redis.call('HEXISTS', KEYS[1], 'state') == 0 then
  return nil
end
local voters, seen = {}, {}
for at = 1, #ARGV[2], 16 do
  local voter = string.sub(ARGV[2], at, at + 15)
  if not seen[voter] then
    seen[voter] = true
    voters[#voters + 1] = voter
  end
end
local new = {}
for first = 1, #voters, 4000 do
  local existing = redis.call('SMISMEMBER', KEYS[2], unpack(voters, first, math.min(first + 3999, #voters)))
  for i = 1, #existing do
    if existing[i] == 0 then
      new[#new + 1] = voters[first + i - 1]
    end
  end
end
local before = redis.call('SCARD', KEYS[2])
if before + #new > tonumber(ARGV[1]) then
  return { before, 0 }
end
for first = 1, #new, 4000 do
  redis.call('SADD', KEYS[2], unpack(new, first, math.min(first + 3999, #new)))
end
return { before + #new, 1 }
