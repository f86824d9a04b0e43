-- Invites voters to a poll that is there, all or none: none if too many would be invited then.
-- KEYS: poll, invited. ARGV: the most, voters.
-- Answers how many are invited, and whether these are; nil if there is no such poll.
if redis.call('HEXISTS', KEYS[1], 'state') == 0 then
  return nil
end
local voters, given = {}, {}
for at = 1, #ARGV[2], 16 do
  local voter = string.sub(ARGV[2], at, at + 15)
  if not given[voter] then
    given[voter] = true
    voters[#voters + 1] = voter
  end
end
local new = {}
for first = 1, #voters, 4000 do
  local there = redis.call('SMISMEMBER', KEYS[2], unpack(voters, first, math.min(first + 3999, #voters)))
  for i = 1, #there do
    if there[i] == 0 then
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
