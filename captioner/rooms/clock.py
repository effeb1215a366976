"""The clock of a room: seconds since its first audio, over restarts of the server too."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


class RoomClock:
    """Runs with `monotonic`; `wall` only says where it stands again after a restart."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._zero: float | None = None
        """The monotonic time of the room's 0."""

    def now(self) -> float:
        """Seconds to the millisecond; 0 until the clock was started."""
        return 0.0 if self._zero is None else round(self._monotonic() - self._zero, 3)

    def start(self) -> datetime:
        """Let now be 0; return when that is."""
        self._zero = self._monotonic()
        return self._wall()

    def resume(self, started: datetime, *, not_before: float) -> None:
        """Go on from a start in an earlier process.

        `not_before`: seconds that the room has already seen; a wall clock that was set back
        meanwhile does not take the room back there.
        """
        elapsed = (self._wall() - started).total_seconds()
        self._zero = self._monotonic() - max(elapsed, not_before)
