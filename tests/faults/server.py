"""A server that follows a script, however it is reached (`memory`, `sockets`)."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.faults.script import Handshake, Refused, Script, Unreachable
from tests.faults.session import FaultySession


class FaultServer:
    """Counts the attempts to connect and gives each its faults."""

    def __init__(
        self, script: Script | None = None, *, wall: Callable[[], float] = time.time
    ) -> None:
        """`wall`: the time of day, for those who are told when a session expires."""
        self.script = script or Script()
        self._wall = wall
        self.attempts = 0
        self.sessions: list[FaultySession] = []
        """Those that came about."""

    def attempt(self, now: float) -> FaultySession | Handshake:
        """Somebody connects, at `now` on the carrier's clock."""
        faults = self.script.faults(self.attempts)
        self.attempts += 1
        for fault in faults:
            if isinstance(fault, Refused | Unreachable):
                return fault
        session = FaultySession(faults, now, self._wall)
        self.sessions.append(session)
        return session
