-- After publish_event. KEYS: holders, journal, room, the room's channel, then those of an event.
-- ARGV: duty, token, number, line, the room's change or "", an answer or "", how many arguments of
-- an event follow, and those.
-- Returns the number of the journal's newest line, -1 for an old token, -2 where lines before this
-- one are missing.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return -1
end
local number = tonumber(ARGV[3])
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local last = 0
if newest[1] then
  last = tonumber(string.match(newest[1][1], '^%d+'))
end
if number > last + 1 then
  return -2
end
if number == last + 1 then
  redis.call('XADD', KEYS[2], number .. '-0', 'line', ARGV[4])
  if ARGV[5] ~= '' then
    redis.call('HSET', KEYS[3], 'change', ARGV[5])
    redis.call('SPUBLISH', KEYS[4], '{"change":' .. ARGV[5] .. '}')
  end
  if ARGV[7] ~= '0' then
    publish_event(5, 8)
  end
end
if ARGV[6] ~= '' then
  redis.call('SPUBLISH', KEYS[4], ARGV[6])
end
return math.max(number, last)
