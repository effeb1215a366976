"""A room as the other parts see it: settings, clock, tracks, and the one way to publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from captioner.captions.model import Event, Settled, Status


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What the organiser chose. `language` is a BCP 47 tag or `auto`."""

    id: str
    title: str = ""
    language: str = "auto"
    translations: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    glossary: tuple[dict[str, object], ...] = ()
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class TrackPlace:
    """Where a stream lies on the room clock.

    `base`: room seconds of the stream's first sample. `settled`: stream seconds up to which its
    audio is captioned for good and journalled: a publisher that comes back sends from there.
    """

    stream: str
    base: float
    settled: float


class Room(Protocol):
    """One room. Everything that is made for it passes `publish`."""

    @property
    def settings(self) -> RoomSettings: ...

    @property
    def status(self) -> Status: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that captions exist or will exist in, the one spoken first."""
        ...

    def now(self) -> float:
        """Seconds on the room clock; 0 until the first audio arrives."""
        ...

    def next_caption_id(self) -> str:
        """A caption id that the room never gave out before: `u1`, `u2`, …"""
        ...

    async def open_track(self, stream: str, *, speaker: str | None, language: str) -> TrackPlace:
        """The stream's place on the room clock: the journalled one, or a new one from now.

        The room goes `live`. Raises `RoomEnded` where it has ended.
        """
        ...

    async def close_track(self, stream: str) -> None:
        """The stream is over; the room goes `idle` with the last open track."""
        ...

    async def publish(self, event: Event, *, settled: Settled | None = None) -> None:
        """Publish an event: finals, gaps, corrections and room changes are journalled and synced
        first. Raises `StorageFailed`, with nothing published, where the disk does not take it.

        `settled` is written in the same journal line, so a crash leaves both or neither.
        """
        ...

    async def settle(self, settled: Settled) -> None:
        """Journal that audio without speech needs no sending again."""
        ...
