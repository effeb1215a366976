"""How fast a session takes audio."""

from __future__ import annotations

from math import inf

from tests.faults.script import Fault, OverSpeed, Slow

_SOON_S = 1e-6


class Allowances:
    """Times are seconds on the carrier's clock."""

    def __init__(self, faults: tuple[Fault, ...], now: float) -> None:
        self._pace = min((f.pace for f in faults if isinstance(f, Slow)), default=inf)
        self._over = [fault for fault in faults if isinstance(fault, OverSpeed)]
        self._left_s = min((fault.burst_s for fault in self._over), default=inf)
        self._since = now

    def reading_s(self, seconds: float) -> float:
        """How long it takes until more is read."""
        return seconds / self._pace

    def takes(self, seconds: float, now: float) -> bool:
        for fault in self._over:
            self._left_s += (now - self._since) * fault.ratio
            self._left_s = min(self._left_s, fault.burst_s)
        self._since = now
        if seconds > self._left_s + _SOON_S:
            return False
        self._left_s -= seconds
        return True
