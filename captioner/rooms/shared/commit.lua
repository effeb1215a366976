-- After publish_event. KEYS: holders, journal, room, the room's channel, then those of an event.
-- ARGV: duty, token, number, line, the room's change or "", an answer or "", how many arguments of
-- an event follow, and those.
-- Returns the number of the journal's newest line, -1 for an old token, -2 where lines before this
-- one are missing; and the seq of the line's event, 0 for none. Of a line that was there already it
-- is the newest of the event's subject.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return {-1, 0}
end
local number = tonumber(ARGV[3])
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local last = 0
if newest[1] then
  last = tonumber(string.match(newest[1][1], '^%d+'))
end
if number > last + 1 then
  return {-2, 0}
end
local seq = 0
if number == last + 1 then
  redis.call('XADD', KEYS[2], number .. '-0', 'line', ARGV[4])
  if ARGV[5] ~= '' then
    redis.call('HSET', KEYS[3], 'change', ARGV[5])
    redis.call('SPUBLISH', KEYS[4], '{"change":' .. ARGV[5] .. '}')
  end
  if ARGV[7] ~= '0' then
    local _, at = publish_event(5, 8)
    seq = at
  end
elseif ARGV[7] ~= '0' then
  local known = redis.call('HGET', KEYS[7], ARGV[10])
  seq = known and tonumber(string.match(known, '^%d+')) or 0
end
if ARGV[6] ~= '' then
  redis.call('SPUBLISH', KEYS[4], ARGV[6])
end
return {math.max(number, last), seq}
