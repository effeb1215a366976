-- KEYS are event_keys(room), ARGV[1] a random word. Returns the room's epoch and newest seq.
local epoch = room_epoch(1, ARGV[1])
return {epoch, redis.call('HGET', KEYS[1], 'seq')}
