"""What is kept of one room in memory: the newest revision of every caption, and the rest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from captioner.bus.bus import History
from captioner.captions.model import Caption, Event, Numbered, Position

Key = int | tuple[str, str]
"""What replaces what: a caption its older revisions, by `(id, language)`; the rest nothing."""


class RoomHistory:
    """Numbered events in the order of `seq`, from the one after `dropped` on."""

    def __init__(
        self, epoch: str, seq: int = 0, dropped: int = 0, events: Iterable[Numbered] = ()
    ) -> None:
        self._epoch = epoch
        self._dropped = dropped
        """The `seq` of the newest event that is no longer kept."""
        self._kept: OrderedDict[Key, Numbered] = OrderedDict()
        self.weight = 0
        """About how many bytes all of it takes."""
        for numbered in events:
            self.add(numbered)
        self._seq = seq

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._seq)

    def add(self, numbered: Numbered) -> None:
        """Keep the event, unless a newer revision is kept; it is the newest of the room."""
        event, self._seq = numbered.event, numbered.seq
        key = (event.id, event.language) if isinstance(event, Caption) else numbered.seq
        older = self._kept.get(key)
        if older is not None:
            if _rev(older.event) >= _rev(event):
                return
            self.weight -= weight(older.event)
        self._kept[key] = numbered
        self._kept.move_to_end(key)
        self.weight += weight(event)

    def catch_up(self, seq: int) -> None:
        """All up to this number is kept, or has been replaced."""
        self._seq = seq

    def drop_oldest(self) -> None:
        """Forget the event published longest ago."""
        _, numbered = self._kept.popitem(last=False)
        self._dropped = numbered.seq
        self.weight -= weight(numbered.event)

    def after(self, position: Position | None) -> History:
        start = Position(self._epoch, 0) if position is None else position
        recovered = start.epoch == self._epoch and self._dropped <= start.seq <= self._seq
        past = start.seq if recovered else 0
        events: list[Numbered] = []
        for numbered in reversed(self._kept.values()):
            if numbered.seq <= past:
                break
            events.append(numbered)
        return History(self.position, tuple(reversed(events)), recovered)


def _rev(event: Event) -> int:
    return event.rev if isinstance(event, Caption) else 0


def weight(event: Event) -> int:
    """About how many bytes an event takes in memory."""
    if isinstance(event, Caption):
        return 500 + 2 * len(event.text) + 120 * len(event.phrases)
    return 300
