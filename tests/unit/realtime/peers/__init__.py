"""The Realtime servers of others, as strict as they are, and as talkative."""
