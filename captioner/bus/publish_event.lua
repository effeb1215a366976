-- publish_event(k, a): number an event, keep it, tell every process.
--
-- KEYS[k] .. KEYS[k + 5] are event_keys(room), ARGV[a] .. ARGV[a + 8] are event_args(...).
-- Returns 'published', the seq and the epoch; 'repeated' with them, if it was published before;
-- or 'fenced', if the publisher no longer holds its duty. In both latter cases nothing changed.
local function publish_event(k, a)
  local state, events, newest, publishers, holders, channel = unpack(KEYS, k, k + 5)
  local publisher, number, subject, rev, event, keep, duty, token, fresh = unpack(ARGV, a, a + 8)
  if duty ~= '' and redis.call('HGET', holders, duty) ~= token then
    return 'fenced', 0, ''
  end

  local epoch = room_epoch(k, fresh)
  local marks = redis.call('HGET', publishers, publisher) or ''
  local before = string.match(' ' .. marks, ' ' .. number .. '=(%d+) ')
  if before then
    return 'repeated', tonumber(before), epoch
  end

  local seq = redis.call('HINCRBY', state, 'seq', 1)
  local late = false
  if subject ~= '' then
    local known = redis.call('HGET', newest, subject)
    if known then
      local older_seq, older_rev = string.match(known, '(%d+):(%d+)')
      late = tonumber(older_rev) >= tonumber(rev)
      if not late then
        redis.call('XDEL', events, older_seq .. '-0')
      end
    end
  end
  if not late then
    redis.call('XADD', events, seq .. '-0', 'subject', subject, 'event', event)
    if subject ~= '' then
      redis.call('HSET', newest, subject, seq .. ':' .. rev)
    end
  end
  while redis.call('XLEN', events) > tonumber(keep) do
    local id, fields = unpack(redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1])
    redis.call('XDEL', events, id)
    redis.call('HDEL', newest, fields[2])
    redis.call('HSET', state, 'dropped', string.match(id, '%d+'))
  end

  -- A publisher that lost an answer asks again soon: the newest few are enough.
  marks = string.sub(number .. '=' .. seq .. ' ' .. marks, 1, 256)
  if redis.call('HLEN', publishers) > 100 then
    redis.call('DEL', publishers)
  end
  redis.call('HSET', publishers, publisher, string.match(marks, '^.* '))
  redis.call('EXPIRE', publishers, 3600)

  redis.call('SPUBLISH', channel, epoch .. ' ' .. seq .. ' ' .. event)
  return 'published', seq, epoch
end
