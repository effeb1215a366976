-- KEYS: what is told. ARGV: what it is about, what was told of that.
-- Removes it where nobody has told anything else since.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
