"""Rooms: their settings, their clock, their tracks."""
