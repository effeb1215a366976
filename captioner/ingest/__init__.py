"""Audio in: a track from its publisher to captions on the bus."""
