-- Renews the lease of a partition.
--
-- KEYS: state. ARGV: group, member, lease in milliseconds.
-- Returns nothing if the consumer is not the owner, otherwise the lag.
if not is_owner(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])) then
  return {}
end
return { lag(KEYS[1], ARGV[1]) }
