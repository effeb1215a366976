"""Connections that do not answer are gone: one timer for all of them."""

from __future__ import annotations

import asyncio
from typing import Protocol

PING_SECONDS, PONG_SECONDS = 20.0, 40.0
"""A reader that does not read cannot answer: it is told that it is too slow before that counts."""

_SLICES = 20
"""A ping of everybody at once would hold the others up."""


class Pinged(Protocol):
    """A connection that is asked for a sign of life."""

    unanswered: int
    """Pings since its last answer."""

    def ping(self) -> None: ...

    def abort(self) -> None: ...


class Keepalive:
    """Pings every connection once in `PING_SECONDS`; ends it after `PONG_SECONDS` of silence."""

    def __init__(self) -> None:
        self._slices: tuple[set[Pinged], ...] = tuple(set() for _ in range(_SLICES))

    def add(self, connection: Pinged) -> None:
        self._slice(connection).add(connection)

    def discard(self, connection: Pinged) -> None:
        self._slice(connection).discard(connection)

    async def run(self) -> None:
        """Ping, for as long as it is not cancelled."""
        while True:
            for connections in self._slices:
                await asyncio.sleep(PING_SECONDS / _SLICES)
                sweep(tuple(connections))

    def _slice(self, connection: Pinged) -> set[Pinged]:
        return self._slices[hash(connection) % _SLICES]


def sweep(connections: tuple[Pinged, ...]) -> None:
    """Ping each; end those that have been silent for too long."""
    for connection in connections:
        if connection.unanswered >= PONG_SECONDS / PING_SECONDS:
            connection.abort()
        else:
            connection.unanswered += 1
            connection.ping()
