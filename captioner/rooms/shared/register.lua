-- KEYS: room. ARGV: its record, how many lines its journal is known to have.
-- Returns 1 where the room was not known.
local lines = tonumber(redis.call('HGET', KEYS[1], 'lines') or '0')
if tonumber(ARGV[2]) > lines then
  redis.call('HSET', KEYS[1], 'lines', ARGV[2])
end
return redis.call('HSETNX', KEYS[1], 'record', ARGV[1])
