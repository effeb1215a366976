"""The same bytes for every member of a group, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from captioner.delivery.farewell import Farewell
from captioner.delivery.frames import Frame

Write = Callable[[bytes], None]
Send = Callable[[bytes], int]
"""Returns how many bytes were taken; raises OSError, too, where none were."""

OUTSIDE = -1
"""The place of who is no member."""


class Member(Protocol):
    """A connection that takes everything at once, and so needs no outbox."""

    write: Write
    """Keeps what the network does not take, and makes the member fall behind."""
    send: Send | None
    """Directly to the network, where there is a way: `write` is for what that does not take."""
    place: int
    """In its ring."""

    def join(self) -> None:
        """Be a member from now on."""
        ...

    def drain(self) -> None:
        """Send what waits, and ask to join when nothing does."""
        ...

    def leave(self, farewell: Farewell) -> None:
        """Say goodbye, and be gone."""
        ...


class Ring:
    """The members in the order in which they are written to, and their ways to the network."""

    def __init__(self) -> None:
        self.members: list[Member | None] = []
        self.sends: list[Send | None] = []
        """Apart from the members, so that a round touches nothing else of them."""
        self._holes = 0

    def __len__(self) -> int:
        return len(self.members) - self._holes

    def add(self, member: Member) -> None:
        member.place = len(self.members)
        self.members.append(member)
        self.sends.append(member.send)

    def remove(self, member: Member) -> None:
        """Leave its place empty until the ring is closed."""
        self.members[member.place] = None
        self.sends[member.place] = None
        self._holes += 1
        member.place = OUTSIDE

    def close(self) -> None:
        """Give the empty places away."""
        if not self._holes:
            return
        members = [member for member in self.members if member is not None]
        self.members, self.sends, self._holes = [], [], 0
        for member in members:
            self.add(member)


class Round:
    """Goes once to each member that the ring had when it began, a chunk of them at a time."""

    def __init__(
        self,
        ring: Ring,
        frames: Sequence[Frame] = (),
        farewell: Farewell | None = None,
        *,
        first: int = 0,
    ) -> None:
        """`first`: the place where it begins. No other round of the ring may be going on."""
        ring.close()
        self.frames = frames
        self.farewell = farewell
        self._ring = ring
        self._data = b"".join(frame.wire for frame in frames)
        self._size = len(ring)
        self._first = first % self._size if self._size else 0
        self._done = 0

    @property
    def is_over(self) -> bool:
        return self._done == self._size

    def is_still_to_reach(self, member: Member) -> bool:
        """Whether the member's turn is yet to come."""
        if member.place >= self._size:
            return False  # It came later.
        return (member.place - self._first) % self._size >= self._done

    def write(self, most: int) -> int:
        """Go to so many members, or fewer; return to how many."""
        begin = (self._first + self._done) % max(1, self._size)
        end = min(begin + most, self._size if begin >= self._first else self._first)
        self._done += end - begin
        if self.farewell is not None:
            self._let_go(self._ring.members[begin:end], self.farewell)
        else:
            self._send(begin, end)
        return end - begin

    def _send(self, begin: int, end: int) -> None:
        """Directly: nothing that would have to go first is kept for a member."""
        data, size = self._data, len(self._data)
        for place, send in enumerate(self._ring.sends[begin:end], begin):
            sent = 0
            if send is not None:
                try:
                    sent = send(data)
                except OSError:
                    pass  # Why, the transport finds out in its own way.
            if sent < size:
                self._write(place, data[sent:])

    def _write(self, place: int, rest: bytes) -> None:
        member = self._ring.members[place]
        if member is not None:
            member.write(rest)

    def _let_go(self, chunk: Sequence[Member | None], farewell: Farewell) -> None:
        for member in chunk:
            if member is not None:
                member.write(self._data)
                member.leave(farewell)
