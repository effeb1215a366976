-- KEYS are event_keys(room). The empty message ends every subscription.
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('SPUBLISH', KEYS[6], '')
