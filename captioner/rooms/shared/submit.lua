-- KEYS: mailbox, holders, lease of the room's keeper, channel of the mailbox.
-- ARGV: a letter, the most that may wait, and where it is sent in the name of a duty: the duty and
-- its token.
-- Returns 1, 0 where no process keeps the room now, -1 for an old token, -2 where it is to be sent
-- later: the mailbox is full, or Redis forgot who holds the duty and is about to be told.
if ARGV[3] ~= '' then
  local holder = redis.call('HGET', KEYS[2], ARGV[3])
  if not holder then
    return -2
  elseif holder ~= ARGV[4] then
    return -1
  end
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return -2
end
redis.call('XADD', KEYS[1], '*', 'letter', ARGV[1])
redis.call('SPUBLISH', KEYS[4], '')
return redis.call('EXISTS', KEYS[3])
