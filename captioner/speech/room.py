"""A room, as far as its voices need it."""

from __future__ import annotations

from typing import Protocol

from captioner.captions.model import Status
from captioner.rooms.room import RoomSettings


class VoicedRoom(Protocol):
    """Every `captioner.rooms.room.Room` is one."""

    @property
    def settings(self) -> RoomSettings: ...

    @property
    def status(self) -> Status: ...

    @property
    def languages(self) -> tuple[str, ...]: ...

    def now(self) -> float:
        """Seconds on the room clock; 0 where it does not run."""
        ...
