"""The embedded Realtime server: a process of its own over local models."""
