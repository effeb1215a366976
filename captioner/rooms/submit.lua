-- KEYS: mailbox, holders, lease of the room's keeper, channel of the mailbox.
-- ARGV: a letter, the most that may wait, and where it is sent in the name of a duty: the duty and
-- its token.
-- Returns 1, 0 where no process keeps the room now, -1 for an old token, -2 for a full mailbox.
if ARGV[3] ~= '' and redis.call('HGET', KEYS[2], ARGV[3]) ~= ARGV[4] then
  return -1
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return -2
end
redis.call('XADD', KEYS[1], '*', 'letter', ARGV[1])
redis.call('SPUBLISH', KEYS[4], '')
return redis.call('EXISTS', KEYS[3])
