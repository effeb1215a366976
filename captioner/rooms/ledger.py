"""What a room must remember of its journal, entry by entry, live and after a restart alike."""

from __future__ import annotations

import re
from datetime import datetime

from captioner.captions.model import Caption, Gap, RoomChange, Settled
from captioner.rooms.records import ClockStarted, Entry, Published, TrackOpened
from captioner.rooms.room import TrackPlace

_CAPTION_ID = re.compile(r"u([0-9]{1,18})", re.ASCII)


class Ledger:
    """The sum of a room's journal, without the captions themselves."""

    def __init__(self) -> None:
        self.clock_started: datetime | None = None
        self.tracks: dict[str, TrackPlace] = {}
        self.last_caption = 0
        self.change: RoomChange | None = None
        self.status_since = 0.0
        """Room seconds at which the status became what `change` says."""
        self.latest = 0.0
        """The last room second that an entry speaks of."""
        self._languages: dict[str, None] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that captions exist in, in the order they first appeared."""
        return tuple(self._languages)

    def apply(self, entry: Entry) -> None:
        """Take in the journal's next entry."""
        match entry:
            case ClockStarted(at):
                self.clock_started = self.clock_started or at
            case TrackOpened(stream, base):
                self.tracks.setdefault(stream, TrackPlace(stream, base, 0.0))
                self.latest = max(self.latest, base)
            case Settled():
                self._settle(entry)
            case Published(event, at, settled):
                self.latest = max(self.latest, at)
                if settled is not None:
                    self._settle(settled)
                if isinstance(event, RoomChange):
                    self._change(event, at)
                else:
                    self._timed(event)

    def _settle(self, settled: Settled) -> None:
        place = self.tracks.get(settled.stream)
        if place is not None and settled.until > place.settled:
            self.tracks[settled.stream] = TrackPlace(place.stream, place.base, settled.until)
            self.latest = max(self.latest, place.base + settled.until)

    def _change(self, change: RoomChange, at: float) -> None:
        if self.change is None or self.change.status != change.status:
            self.status_since = at
        self.change = change

    def _timed(self, event: Caption | Gap) -> None:
        self.latest = max(self.latest, event.end)
        if isinstance(event, Caption):
            if number := _CAPTION_ID.fullmatch(event.id):
                self.last_caption = max(self.last_caption, int(number[1]))
            if event.text:
                self._languages.setdefault(event.language)
