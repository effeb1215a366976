-- KEYS: recognition. ARGV: a stream, what was told of it.
-- Removes it where nobody has told anything else since.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
