"""Realtime API sessions, from the client's side."""
