-- Returns one byte per voter: '1' if the voter is invited, '0' otherwise.
-- KEYS: invited. ARGV: voters.
local voters, flags = {}, {}
for at = 1, #ARGV[1], 16 do
  voters[#voters + 1] = string.sub(ARGV[1], at, at + 15)
end
for first = 1, #voters, 4000 do
  local invited = redis.call('SMISMEMBER', KEYS[1], unpack(voters, first, math.min(first + 3999, #voters)))
  flags[#flags + 1] = table.concat(invited)
end
return table.concat(flags)
