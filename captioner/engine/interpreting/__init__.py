"""Translation sessions: speech in, its translation out as text and speech."""
