"""Where the room clock stands, as captions tell it: for processes that publish nothing."""

from __future__ import annotations

from math import inf

from captioner.captions.model import Caption


class HeardClock:
    """Times are seconds of any clock that never goes back (`at`) and of the room clock."""

    def __init__(self) -> None:
        self._ahead = -inf
        """How far the room clock is ahead of the other one."""

    def hear(self, caption: Caption, at: float) -> None:
        """A caption came: it was made `lag_ms` after its end, and then was on its way."""
        if caption.lag_ms is not None:
            # The quickest of them says it best.
            self._ahead = max(self._ahead, caption.end + caption.lag_ms / 1000 - at)

    def now(self, at: float) -> float:
        """The room second; 0 before anything was heard."""
        return max(0.0, self._ahead + at)
