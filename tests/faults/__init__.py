"""A Realtime server that fails when it is told to, in memory, on sockets or before a real one."""
