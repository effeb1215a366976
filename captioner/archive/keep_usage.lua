-- KEYS: room, usage, spent. ARGV: when the room was made ("" where nobody here knows), a process,
-- what it spent in the room, then names and values of what it used. All are its running totals.
-- Returns when the room was made ("" where there is none), what other processes spent in it, and
-- which server did this. Where it is another room than the one that is meant, nothing is written.
local record = redis.call('HGET', KEYS[1], 'record')
if not record then
  return {'', '0', ''}
end
local made = cjson.decode(record)['created_at']
if ARGV[1] ~= '' and ARGV[1] ~= made then
  return {made, '0', ''}
end
for i = 4, #ARGV - 2, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
if tonumber(ARGV[3]) > 0 then
  redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
end
local others = 0
local spent = redis.call('HGETALL', KEYS[3])
for i = 1, #spent, 2 do
  if spent[i] ~= ARGV[2] then
    others = others + tonumber(spent[i + 1])
  end
end
return {made, string.format('%.17g', others), ARGV[#ARGV - 1]}
