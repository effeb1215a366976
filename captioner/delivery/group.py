"""The readers of a room that asked for the same: what one of them gets, all get."""

from __future__ import annotations

from typing import Protocol

from captioner.delivery.farewell import Farewell
from captioner.delivery.frames import Frame
from captioner.delivery.reader import Asked, Reader
from captioner.delivery.round import OUTSIDE, Member, Ring, Round
from captioner.errors import CaptionerError

CHUNK = 500
"""How many readers are written to before others have their turn."""


class Surroundings(Protocol):
    """Where a group gets its frames from."""

    @property
    def seq(self) -> int:
        """Of the room's last event that was handed on."""
        ...

    def now(self) -> float: ...

    def is_due(self, group: Group) -> None:
        """The group has a round to write."""
        ...

    def is_left(self, group: Group) -> None:
        """Somebody does not read any more."""
        ...


class Group:
    """Hands frames to readers: at once to those that have an outbox, in rounds to its members.

    A round writes the same bytes, all frames that were due when it began, to one member after the
    other, a chunk of them at a time; each round begins with others. What is offered meanwhile is
    the next round's.
    """

    def __init__(self, asked: Asked, surroundings: Surroundings) -> None:
        self.asked = asked
        self._surroundings = surroundings
        self._behind: set[Reader] = set()
        self._ring = Ring()
        self._joining: dict[Member, None] = {}
        self._pending: list[Frame] = []
        self._farewell: Farewell | None = None
        self._round = Round(self._ring)
        self._first = 0

    def __len__(self) -> int:
        return len(self._behind) + len(self._ring)

    def offer(self, frame: Frame) -> None:
        """Something happened that the readers asked for."""
        if self._ring:
            self._pending.append(frame)
            self._surroundings.is_due(self)
        now = self._surroundings.now()
        for reader in tuple(self._behind):
            reader.offer(frame, now)

    def close(self, farewell: Farewell) -> None:
        """Nothing more will happen; the readers get what did, and are let go."""
        for reader in tuple(self._behind):
            reader.close(farewell)
        self._end(farewell)

    def fail(self, error: CaptionerError) -> None:
        """Give the readers up."""
        for reader in tuple(self._behind):
            reader.fail(error)
        self._end(Farewell.of(error))

    def add(self, reader: Reader) -> None:
        """From now on the reader is offered everything."""
        self._behind.add(reader)

    def remove(self, reader: Reader) -> None:
        self._behind.discard(reader)
        self._surroundings.is_left(self)

    def join(self, member: Member, reader: Reader) -> None:
        """Take a member in place of its reader, which has nothing to send, as soon as possible."""
        if reader.position.seq > self._surroundings.seq:
            return  # Some of what it has seen is yet to be offered, and would come twice.
        if self._pending or self._farewell:
            self._joining[member] = None
            return
        self._behind.discard(reader)
        self._ring.add(member)
        member.join()

    def leave(self, member: Member) -> None:
        """Forget a member."""
        self._joining.pop(member, None)
        if member.place != OUTSIDE:
            self._ring.remove(member)
        self._surroundings.is_left(self)

    def fall_behind(self, member: Member) -> Reader:
        """Give a member an outbox again, with what it has not been sent."""
        unserved = self._round.is_still_to_reach(member)
        owed = [*(self._round.frames if unserved else ()), *self._pending]
        farewell = (self._round.farewell if unserved else None) or self._farewell
        self._ring.remove(member)
        reader, now = Reader(self.asked), self._surroundings.now()
        self._behind.add(reader)
        for frame in owed:
            reader.offer(frame, now)
        if farewell is not None:
            reader.close(farewell)
        return reader

    @property
    def is_due(self) -> bool:
        """Whether there is something to write."""
        return bool(not self._round.is_over or self._pending or self._farewell)

    def write(self, most: int = CHUNK) -> int:
        """Go on with the round, or begin the next; return how many members had their turn."""
        if self._round.is_over:
            self._begin()
        return self._round.write(most)

    def _begin(self) -> None:
        self._first += CHUNK
        self._round = Round(self._ring, self._pending, self._farewell, first=self._first)
        self._pending, self._farewell = [], None
        joining, self._joining = self._joining, {}
        for member in joining:
            member.drain()

    def _end(self, farewell: Farewell) -> None:
        self._farewell = self._farewell or farewell
        self._surroundings.is_due(self)
