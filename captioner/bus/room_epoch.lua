-- room_epoch(k, fresh): the epoch of a room's history. Whoever reads or writes positions calls it.
--
-- KEYS[k] .. KEYS[k + 5] are event_keys(room); `fresh` is a random word, the epoch if there is
-- to be a new one: for a new room, and where the server's memory is another one than before and
-- may lack what was acknowledged.
local function room_epoch(k, fresh)
  local run_id, durable = ARGV[#ARGV - 1], ARGV[#ARGV] == '1'
  local epoch, known = unpack(redis.call('HMGET', KEYS[k], 'epoch', 'run_id'))
  if not epoch then
    epoch = fresh
    redis.call('HSET', KEYS[k], 'epoch', epoch, 'run_id', run_id, 'seq', 0, 'dropped', 0)
    redis.call('DEL', KEYS[k + 1], KEYS[k + 2], KEYS[k + 3])
  elseif known ~= run_id then
    if not durable then
      epoch = fresh
    end
    redis.call('HSET', KEYS[k], 'epoch', epoch, 'run_id', run_id)
  end
  return epoch
end
