-- Whether each of these voters is invited, one byte for each.
-- KEYS: invited. ARGV: voters.
local voters, answers = {}, {}
for at = 1, #ARGV[1], 16 do
  voters[#voters + 1] = string.sub(ARGV[1], at, at + 15)
end
for first = 1, #voters, 4000 do
  local there = redis.call('SMISMEMBER', KEYS[1], unpack(voters, first, math.min(first + 3999, #voters)))
  answers[#answers + 1] = table.concat(there)
end
return table.concat(answers)
