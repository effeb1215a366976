"""What is kept of a room's usage, and the keeper as the accounts see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from captioner.realtime.cost import Price, Usage
from captioner.realtime.token_cost import Kind, TokenPrice


@dataclass(frozen=True, slots=True)
class UpstreamSession:
    """A session of a track with a recogniser.

    `price`: as it was when the session began; None where nobody knew it. Names come again after a
    restart of the server, with another `started_at`.
    """

    track: str
    name: str
    engine: str
    model: str
    price: Price | None
    started_at: datetime

    @property
    def began(self) -> tuple[object, ...]:
        """What such are sorted by."""
        return self.started_at, self.track, self.name


@dataclass(frozen=True, slots=True)
class Interpreting:
    """A model that translates for a room, or speaks. `price` as in `UpstreamSession`.

    `started_at`: when the server began that asks it.
    """

    kind: Kind
    engine: str
    model: str
    price: TokenPrice | None
    started_at: datetime

    @property
    def began(self) -> tuple[object, ...]:
        """What such are sorted by."""
        return self.started_at, self.kind, self.model


User = UpstreamSession | Interpreting
"""Who uses something for a room."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one used on a day (UTC), besides what other entries say of it."""

    session: User
    day: date
    usage: Usage


class UsageRecords(Protocol):
    """Keeps usage where no crash reaches it."""

    async def used(self) -> Mapping[str, Sequence[Used]]:
        """All that is kept, by room."""
        ...

    async def append(self, room: str, entries: Sequence[Used]) -> float:
        """Add to what is kept of the room: all of it, or (`StorageFailed`) nothing.

        Returns what other processes spent in the room, in USD. What is appended again because it
        failed before counts once. Raises `RoomNotFound`, once, where what was kept before is that
        of a room that is gone, and this is another one of its id.
        """
        ...

    async def exchange(self, day: date, spent_usd: float) -> float:
        """Tell the other processes what this one spent on a day, in all rooms, and return what
        they did; raises `StorageFailed`.
        """
        ...

    def lacks(self, room: str) -> bool:
        """Whether what was kept of the room may be lost; `append` keeps it again."""
        ...
