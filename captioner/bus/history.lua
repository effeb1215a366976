-- KEYS are event_keys(room), ARGV[1] is a random word, ARGV[2] and ARGV[3] are epoch and seq of the
-- position asked for; an empty epoch is the room's. Returns the room's epoch and newest seq, the
-- seq of the newest event that is no longer kept, whether nothing is missing past the position,
-- and the events past it; where something is missing, all events.
local epoch = room_epoch(1, ARGV[1])
local seq, dropped = unpack(redis.call('HMGET', KEYS[1], 'seq', 'dropped'))
local after = tonumber(ARGV[3])
local here = ARGV[2] == '' or ARGV[2] == epoch
local recovered = here and tonumber(dropped) <= after and after <= tonumber(seq)
local start = recovered and '(' .. ARGV[3] .. '-0' or '-'
return {epoch, seq, dropped, recovered and 1 or 0, redis.call('XRANGE', KEYS[2], start, '+')}
