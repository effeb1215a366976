-- KEYS: lease, holders, fence. ARGV: duty, milliseconds to live.
-- Returns a new fencing token, or minus the milliseconds that the lease still has to live.
local held = redis.call('GET', KEYS[1])
if held and not string.find(held, ' free', 1, true) then
  return -math.max(redis.call('PTTL', KEYS[1]), 1)
end
if redis.call('EXISTS', KEYS[3]) == 0 then
  -- Tokens rise even where Redis forgot what it gave out: never as fast as one a second.
  redis.call('SET', KEYS[3], redis.call('TIME')[1] - 1735689600)
end
local token = redis.call('INCR', KEYS[3])
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], token)
return token
