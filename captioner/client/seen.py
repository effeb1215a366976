"""What a reader was given of a room. No I/O, no clock."""

from __future__ import annotations

from collections import OrderedDict, deque

from captioner.captions.model import Caption, Gap, Numbered, Position, RoomChange

REMEMBERED = 5_000
"""Captions and gaps, those revised last: as many events as a server keeps of a room."""
_CHANGES = 100
"""Changes of the room that wait for their number; there are seldom two."""


class Seen:
    """Where to resume reading, and what need not be given to the reader again.

    A server numbers what it says, but for events that it shows before they can be numbered: those
    bear the number of the event before them, and come again with one of their own.
    """

    def __init__(self, after: Position | None) -> None:
        self.position = after
        """Where to resume; None: read from now on."""
        self._last = 0
        """The highest `seq` that the server has said, or that it resumed from."""
        self._promised = 0
        """The `seq` up to which the server will say what it knew when it greeted."""
        self._given: OrderedDict[tuple[str, str] | Gap, int] = OrderedDict()
        """The newest revision given of every caption; of a gap there is one."""
        self._early: deque[RoomChange] = deque(maxlen=_CHANGES)
        """Changes of the room that were given before they had a number."""

    @property
    def complete(self) -> bool:
        """Whether everything has come that had happened when the server greeted."""
        return self._last >= self._promised

    def greeted(self, position: Position, *, recovered: bool) -> None:
        """A server says where the room's history stands, and whether it goes on from ours.

        Another cut in the middle of what follows must lose nothing: until events have come, ours
        is not yet the server's position.
        """
        self._promised = position.seq
        if self.position is None:
            self.position, self._last = position, 0
        elif recovered:
            self._last = self.position.seq
        else:
            self._given.clear()
            self._early.clear()
            self.position, self._last = Position(position.epoch, 0), 0

    def take(self, numbered: Numbered) -> bool:
        """Remember an event that the server says; whether the reader was not given it yet."""
        assert self.position is not None, "a server greets before it says anything"
        early = numbered.seq <= self._last
        self._last = max(self._last, numbered.seq)
        self.position = Position(self.position.epoch, self._last)
        match numbered.event:
            case Caption(id=name, language=language, rev=rev):
                return self._is_newer((name, language), rev)
            case Gap() as gap:
                return self._is_newer(gap, 0)
            case RoomChange() as change:
                return self._is_change(change, early)

    def _is_newer(self, name: tuple[str, str] | Gap, rev: int) -> bool:
        if self._given.get(name, -1) >= rev:
            return False
        self._given[name] = rev
        self._given.move_to_end(name)
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        return True

    def _is_change(self, change: RoomChange, early: bool) -> bool:
        if early:
            self._early.append(change)
        elif change in self._early:
            self._early.remove(change)
            return False
        return True
