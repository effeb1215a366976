-- KEYS: lease, holders, fence. ARGV: duty, token, "free" or "", milliseconds to live.
-- Returns 1, or 0 where somebody else holds the duty by now, or held it after this one.
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder and holder ~= ARGV[2] then
  return 0
end
if not holder then
  -- Redis forgot everything: whoever still does a duty goes on with it.
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  if tonumber(redis.call('GET', KEYS[3]) or '0') < tonumber(ARGV[2]) then
    redis.call('SET', KEYS[3], ARGV[2])
  end
end
local value = ARGV[2]
if ARGV[3] ~= '' then
  value = value .. ' ' .. ARGV[3]
end
redis.call('SET', KEYS[1], value, 'PX', ARGV[4])
return 1
