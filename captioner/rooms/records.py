"""What is kept of a room, and the keeper as the rooms see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from captioner.captions.model import Caption, Event, Settled, Status
from captioner.rooms.room import RoomSettings


@dataclass(frozen=True, slots=True)
class ClockStarted:
    """The first audio arrived: the room clock's 0 was `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TrackOpened:
    """A stream got its place: `base` is the room second of its first sample."""

    stream: str
    base: float
    speaker: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Published:
    """An event for good, made when the room clock said `at`, and the audio it settles."""

    event: Event
    at: float
    settled: Settled | None = None


Entry = ClockStarted | TrackOpened | Published | Settled
"""One line of a room's journal."""


Keep = Callable[[str, Entry], Awaitable[int]]
"""Journals an entry of a room (by its id) and then, where it is an event, publishes it.

Returns the event's `seq`, 0 where it is none. Raises `StorageFailed`, with nothing published, where
it cannot be journalled.
"""

Newest = Callable[[str, str, str], Awaitable[Caption | None]]
"""The newest revision that is kept of a caption, by its room, id and language; None: of none."""


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """What is to be known of a room without reading its journal; `status` is never `live`."""

    settings: RoomSettings
    created_at: datetime
    status: Status


class Records(Protocol):
    """Keeps rooms where no crash reaches them.

    What a method was asked to keep is safe when it returns; `StorageFailed` says that it is not
    kept, and why.
    """

    async def rooms(self) -> Sequence[RoomRecord]:
        """Every room that is kept."""
        ...

    async def save(self, record: RoomRecord) -> None:
        """Keep a room's settings and state in place of those before."""
        ...

    async def entries(self, room: str) -> Sequence[Entry]:
        """The room's journal, oldest first."""
        ...

    async def newest(self, room: str, caption: str, language: str) -> Caption | None:
        """The newest revision in the room's journal of a caption (by its id), if there is any."""
        ...

    async def append(self, room: str, entry: Entry) -> None:
        """Add to the room's journal."""
        ...

    async def finish(self, room: str) -> None:
        """Bring all that is derived from the journal up to date."""
        ...

    async def erase(self, room: str) -> None:
        """Remove everything kept of the room."""
        ...
