"""A room as the other parts see it: settings, clock, tracks, and the one way to publish."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from captioner.captions.glossary import Term
from captioner.captions.model import Caption, Event, Settled, Status


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What the organiser chose. `language` is a BCP 47 tag or `auto`."""

    id: str
    title: str = ""
    language: str = "auto"
    translations: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    glossary: tuple[Term, ...] = ()
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class TrackPlace:
    """Where a stream lies on the room clock.

    `base`: room seconds of the stream's first sample. `settled`: stream seconds up to which its
    audio is captioned for good and journalled: a publisher that comes back sends from there.
    `left_open`: captions that whoever captioned the stream before did not finish.
    """

    stream: str
    base: float
    settled: float
    left_open: tuple[Caption, ...] = ()


class Publisher(Protocol):
    """Who publishes a stream, as far as its room cares."""

    @property
    def speaker(self) -> str | None: ...

    @property
    def language(self) -> str:
        """What is spoken: a BCP 47 tag or `auto`."""
        ...

    @property
    def attended(self) -> bool:
        """Whether the publisher is connected and alive.

        If it is not, another process may go on with the stream: the publisher reached that one.
        """
        ...

    def displaced(self) -> None:
        """Another process goes on with the stream: publish no more of it."""
        ...


def translation_duty(language: str) -> str:
    """The duty of translating a room into a language."""
    return f"translate/{language}"


def heard_translation_duty(language: str, stream: str) -> str:
    """The duty of translating a stream into a language by hearing it."""
    return f"{translation_duty(language)}/{stream}"


class Duty(Protocol):
    """Something that one process at a time does for a room, such as translating it."""

    async def publish(self, event: Event) -> None:
        """As `Room.publish`, on return journalled where that is due.

        Raises `Fenced` where another process does it by now.
        """
        ...


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

    def next_caption_id(self, stream: str) -> str:
        """A caption id for an open track that the room never gave out before: `u1`, `u2`, …"""
        ...

    async def open_track(self, stream: str, publisher: Publisher) -> TrackPlace:
        """The stream's place on the room clock: the journalled one, or a new one from now.

        The room goes `live`. Raises `RoomEnded` where it has ended, and `StreamInUse` where
        another process publishes the stream.
        """
        ...

    async def close_track(self, stream: str) -> None:
        """The stream is over, once all that was published of it is journalled.

        The room goes `idle` with the last open track.
        """
        ...

    async def publish(self, event: Event, *, settled: Settled | None = None) -> None:
        """Publish an event: finals, gaps, corrections and room changes are journalled and synced
        first. Raises `StorageFailed`, with nothing published, where the disk does not take it.

        `settled` is written in the same journal line, so a crash leaves both or neither. Where
        another process keeps the journal, the event is only on its way there on return.
        """
        ...

    def duty(self, name: str) -> AbstractAsyncContextManager[Duty | None]:
        """Do something for the room until the end of the block; None: another process does it.

        Entering raises `captioner.errors.RedisUnavailable`.
        """
        ...

    async def settle(self, settled: Settled) -> None:
        """Journal that audio without speech needs no sending again."""
        ...

    def settled(self, stream: str) -> float:
        """Stream seconds of an open track that are captioned for good and journalled."""
        ...
