"""What one reader has still to be sent. No I/O, no clock."""

from __future__ import annotations

from captioner.delivery.frames import Frame
from captioner.errors import ReaderTooSlow

MAX_BYTES = 1 << 20
MAX_SECONDS = 30.0


class Outbox:
    """Frames that wait for their reader, in order of `seq`.

    Of an open caption only the newest revision waits; all else is kept. A reader that would be
    more than `max_bytes` or `max_seconds` behind gets `ReaderTooSlow` instead.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._waiting: dict[int, tuple[Frame, float]] = {}
        """By `seq`: the frame, and since when the reader has something of it to get."""
        self._open: dict[tuple[str, str], int] = {}
        """The `seq` of the revision that waits, of every open caption."""
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, frame: Frame, now: float) -> None:
        """Add the room's next frame; `now` is in seconds on any clock that never goes back."""
        since = now
        if frame.caption is not None:
            older = self._open.pop(frame.caption, None)
            if older is not None:
                since = self._remove(older)[1]
            if not frame.final:
                self._open[frame.caption] = frame.seq
        self._waiting[frame.seq] = frame, since
        self._bytes += len(frame.data)
        self._check(now)

    def pop(self) -> Frame | None:
        """Take the next frame to send, if there is one."""
        if not self._waiting:
            return None
        frame, _ = self._remove(next(iter(self._waiting)))
        if frame.caption is not None and self._open.get(frame.caption) == frame.seq:
            del self._open[frame.caption]
        return frame

    def _remove(self, seq: int) -> tuple[Frame, float]:
        frame, since = self._waiting.pop(seq)
        self._bytes -= len(frame.data)
        return frame, since

    def _check(self, now: float) -> None:
        behind = now - min(since for _, since in self._waiting.values())
        if self._bytes > self._max_bytes or behind > self._max_seconds:
            raise ReaderTooSlow(
                f"You are {behind:.0f} s and {self._bytes} bytes behind; connect again to resume."
            )
