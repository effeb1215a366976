"""The rooms as those see them who serve requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from captioner.captions.model import Numbered, Status
from captioner.rooms.corrections import Correction
from captioner.rooms.room import Room, RoomSettings


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as a list of rooms shows it."""

    settings: RoomSettings
    status: Status
    languages: tuple[str, ...]
    created_at: datetime


class Directory(Protocol):
    """Rooms are made, found, changed, paused, ended and erased here.

    All but `list`, `create` and `get_or_create` raise `RoomNotFound`.
    """

    async def list(self) -> tuple[RoomSummary, ...]:
        """All rooms, the newest first."""
        ...

    async def summary(self, room: str) -> RoomSummary: ...

    async def create(self, settings: RoomSettings) -> Room:
        """Raises `RoomExists` where the id is taken."""
        ...

    async def get(self, room: str) -> Room: ...

    async def get_or_create(self, settings: RoomSettings) -> Room:
        """The room of that id, as it is, or a new one with these settings."""
        ...

    async def change(self, room: str, message: Mapping[str, object]) -> Room:
        """Change the settings that the message names; raises `BadInput`."""
        ...

    async def correct(self, room: str, correction: Correction) -> Numbered:
        """Correct a final, in a room that has ended too; returns its newest revision.

        Its `seq` is 0 where it says so already, and the bus no longer remembers since when. Raises
        `CaptionNotFound`, and `CaptionOpen` while it is still being said.
        """
        ...

    async def pause(self, room: str) -> Room:
        """Off the record; raises `RoomEnded`."""
        ...

    async def resume(self, room: str) -> Room:
        """On the record again."""
        ...

    async def end(self, room: str) -> Room:
        """Finish what was said and close the room for good."""
        ...

    async def delete(self, room: str) -> None:
        """End the room and erase everything kept of it."""
        ...
