"""Captions out: one hub a room, one outbox a reader."""
