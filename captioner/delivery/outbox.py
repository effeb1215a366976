"""What one reader has still to be sent. No I/O, no clock."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import count

from captioner.delivery.frames import Frame
from captioner.errors import ReaderTooSlow

MAX_BYTES = 1 << 20
MAX_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: Frame
    since: int
    """The key of the time since when the reader has something of it to get."""


class Outbox:
    """Frames that wait for their reader, in the order in which they came.

    Of an open caption only the newest revision waits; all else is kept. A reader that would be
    more than `max_bytes` or `max_seconds` behind gets `ReaderTooSlow` instead.
    """

    __slots__ = ("_bytes", "_keys", "_max_bytes", "_max_seconds", "_open", "_since", "_waiting")

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._keys = count()
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._since: OrderedDict[int, float] = OrderedDict()
        """The longest wait first: a revision waits since the first one that it replaces."""
        self._open: dict[tuple[str, str], int] = {}
        """The key of the revision that waits, of every open caption."""
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, frame: Frame, now: float) -> None:
        """Add the room's next frame; `now` is in seconds on any clock that never goes back."""
        key = next(self._keys)
        since = key
        older = None if frame.caption is None else self._open.pop(frame.caption, None)
        if older is not None:
            replaced = self._waiting.pop(older)
            since = replaced.since
            self._bytes -= len(replaced.frame.data)
        if frame.caption is not None and not frame.final:
            self._open[frame.caption] = key
        self._waiting[key] = _Waiting(frame, since)
        self._since.setdefault(since, now)
        self._bytes += len(frame.data)
        self._check(now)

    def pop(self) -> Frame | None:
        """Take the next frame to send, if there is one."""
        if not self._waiting:
            return None
        key, waiting = self._waiting.popitem(last=False)
        frame = waiting.frame
        del self._since[waiting.since]
        self._bytes -= len(frame.data)
        if frame.caption is not None and self._open.get(frame.caption) == key:
            del self._open[frame.caption]
        return frame

    def _check(self, now: float) -> None:
        behind = now - next(iter(self._since.values()))
        if self._bytes > self._max_bytes or behind > self._max_seconds:
            raise ReaderTooSlow(
                f"You are {behind:.0f} s and {self._bytes} bytes behind; connect again to resume."
            )
