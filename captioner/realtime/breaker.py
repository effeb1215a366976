"""When a server may be tried again: one answer for all that use it in this process.

An outage cuts off every track at once. Without this each would hammer a server that is down, and
all of them the one that comes back; a wrong key would be tried as often as there are tracks.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from captioner.errors import EngineUnavailable
from captioner.realtime.trouble import Remedy, SessionEnded

logger = logging.getLogger(__name__)

FAILURES = 3
"""So many attempts in a row have to fail, before all tracks leave the server alone for a while."""
FIRST_S, LAST_S = 1.0, 5.0
"""Pauses, doubled from one failure to the next."""
FIRST_BUSY_S, LAST_BUSY_S = 5.0, 60.0
"""The same, for a server that has too much to do and does not say when to come back."""
FIRST_REFUSED_S, LAST_REFUSED_S = 60.0, 600.0
"""The same, where only people can help."""
ATTEMPT_S = 0.5
"""How soon to ask again, while another track tries."""


class Breaker:
    """Closed: everybody may try. Open: nobody, until the pause is over; then one at a time."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(1.0, 1.25),
        *,
        work: str = "recognition",
    ) -> None:
        """`jitter`: what each pause is multiplied with, for there are other processes.

        `work`: what the server is for, as the log calls it.
        """
        self._clock = clock
        self._jitter = jitter
        self._work = work
        self._failures = 0
        self._pause = 0.0
        self._paused = clock()
        """When the pause began."""
        self._closed: float | None = None
        """When it closed after that: one whose session begins may still be refused at once."""
        self._until: float | None = None
        """Until when nobody may try; None while it is closed."""
        self._trying = False
        self.trouble = ""
        """What was wrong last, in plain words."""

    @property
    def closed(self) -> bool:
        """Whether the server works, as far as is known."""
        return self._until is None

    def wait(self) -> float:
        """Seconds until it is worth asking again; 0: it may be tried now."""
        if self._until is None:
            return 0.0
        if self._trying:
            return ATTEMPT_S
        return max(0.0, self._until - self._clock())

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Try the server: what the block raises counts as its failure."""
        self._trying = True
        try:
            yield
        except EngineUnavailable as error:
            self._trying = False
            self.failed(error)
            raise
        except BaseException:
            self._trying = False
            raise
        self._trying = False
        self.worked()

    def worked(self) -> None:
        """The server was of use: everybody may try."""
        if self.trouble:
            logger.info("%s works again (it did not: %s).", self._work.title(), self.trouble)
        self.trouble = ""
        self._failures, self._until = 0, None
        self._closed = self._clock() if self._closed is None else self._closed

    def failed(self, error: EngineUnavailable) -> None:
        """The server could not be used; raises nothing."""
        now = self._clock()
        remedy = error.remedy if isinstance(error, SessionEnded) else Remedy.RETRY
        retry_after = error.retry_after if isinstance(error, SessionEnded) else None
        self._failures += 1
        if str(error) != self.trouble:  # not for each track
            self.trouble = str(error)
            logger.warning("No %s: %s", self._work, error)
        first, last = _PAUSES.get(remedy, (FIRST_S, LAST_S))
        if remedy not in _PAUSES and retry_after is None and self._failures < FAILURES:
            return
        if now >= self._paused + self._pause:  # else another track tells of the same trouble
            worked = self._closed is not None and now > self._closed + self._pause
            self._pause = min(max(0.0 if worked else 2 * self._pause, first), last)
            self._paused, self._closed = now, None
        pause = self._pause if retry_after is None else retry_after
        until = now + pause * self._jitter()
        self._until = max(until, self._until or until)


_PAUSES = {
    Remedy.WAIT: (FIRST_BUSY_S, LAST_BUSY_S),
    Remedy.REFUSED: (FIRST_REFUSED_S, LAST_REFUSED_S),
}
