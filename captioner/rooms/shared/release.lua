-- KEYS: lease, holders. ARGV: duty, token.
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then
  redis.call('DEL', KEYS[1])
  -- Not deleted: one that held it before and wakes up now must not take it for forgotten.
  redis.call('HSET', KEYS[2], ARGV[1], '')
end
return 1
