"""Which of the servers to talk to, and when."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence

from captioner.client.connecting import Lost, addresses
from captioner.errors import CaptionerError, ServerUnreachable

PATIENCE_S = 300.0
"""How long servers that answered once are tried again before the client gives up."""
STEADY_S = 5.0
"""A connection that breaks sooner was no success: its server has had its chance."""

_log = logging.getLogger(__name__)


class Servers:
    """The servers of one installation, and how patiently they are tried.

    After a failure the next has its turn, at once while there is one that was not tried since a
    connection last held; then after pauses, which grow from attempt to attempt. Raises `BadInput`
    where an address is none.
    """

    def __init__(self, url: str | Sequence[str], patience: float) -> None:
        self._addresses = addresses(url)
        self._patience = patience
        self._current = 0
        self._failures = 0
        """How many servers in a row failed."""
        self._pauses = 0
        self._known = False
        """Whether any of them ever answered, so that waiting makes sense."""
        self._answered_at: float | None = None
        self._away_since: float | None = None

    @property
    def current(self) -> str:
        """The address of the server whose turn it is."""
        return self._addresses[self._current]

    def answered(self) -> None:
        """The current server answers: a connection lost from now on is worth waiting for."""
        self._known, self._pauses, self._away_since = True, 0, None
        if self._answered_at is None:
            self._answered_at = _now()

    async def failed(self, lost: Lost) -> None:
        """Go on with the next server, when its time has come. Raises `ServerUnreachable`."""
        if self._answered_at is not None and _now() - self._answered_at >= STEADY_S:
            self._failures = 0
        self._failures += 1
        self._current = (self._current + 1) % len(self._addresses)
        if self._failures >= len(self._addresses):
            await self.pause(lost)
            return
        self._begin_outage(lost)

    async def pause(self, error: Lost | CaptionerError) -> None:
        """Wait before the current server is tried; raise what no waiting mends."""
        self._begin_outage(error)
        assert self._away_since is not None
        if not self._known or _now() - self._away_since > self._patience:
            raise error if isinstance(error, CaptionerError) else self._unreachable(error)
        longest = min(0.25 * 2**self._pauses, 5.0)
        self._pauses += 1
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))

    def _begin_outage(self, error: Lost | CaptionerError) -> None:
        self._answered_at = None
        if self._away_since is None:
            self._away_since = _now()
            if self._known:
                _log.warning("Connection lost (%s); trying again.", error)

    def _unreachable(self, lost: Lost) -> ServerUnreachable:
        several = len(self._addresses) > 1
        return ServerUnreachable(
            f"None of {len(self._addresses)} servers can be used. {lost}" if several else str(lost)
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
