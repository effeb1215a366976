"""Rooms that many processes share over Redis: one keeps each, any may caption in it."""
