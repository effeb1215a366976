"""The connection to Redis, which several processes of one installation share."""
