"""Captions in other languages: a session per room and language."""
