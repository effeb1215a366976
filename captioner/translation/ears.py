"""The audio of the tracks that this process captions, for those who translate what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from captioner.audio.pcm import Samples
from captioner.rooms.room import Room, TrackPlace


class Hears(Protocol):
    """Whoever hears a track; neither may wait."""

    def hear(self, samples: Samples) -> None: ...

    def end(self) -> None:
        """No more audio."""
        ...


class Ear:
    """One track, as it is fed. Nobody who hears it holds it up."""

    def __init__(self, room: str, place: TrackPlace, rate: int) -> None:
        """`rate`: in Hz."""
        self.room = room
        self.stream = place.stream
        self.rate = rate
        self.captioned = False
        """Whether all that was said is published as captions."""
        self._start = place.base + place.settled
        self._samples = 0
        self._ended = False
        self._hearing: set[Hears] = set()
        self._closed = asyncio.Event()

    @property
    def now(self) -> float:
        """The room second of the sample that comes next."""
        return self._start + self._samples / self.rate

    @property
    def heard(self) -> bool:
        """Whether anybody hears it just now."""
        return bool(self._hearing)

    @contextmanager
    def heard_by(self, who: Hears) -> Iterator[None]:
        """Have everything heard by somebody from now to the end of the block."""
        self._hearing.add(who)
        if self._ended:
            who.end()
        try:
            yield
        finally:
            self._hearing.discard(who)

    def hear(self, samples: Samples) -> None:
        """More audio."""
        self._samples += samples.size
        for who in self._hearing:
            who.hear(samples)

    def end(self) -> None:
        """No more audio."""
        self._ended = True
        for who in self._hearing:
            who.end()

    def close(self) -> None:
        """The track is over, and captioned."""
        self.end()
        self.captioned = True
        self._closed.set()

    async def until_captioned(self) -> None:
        """Return when the track is over."""
        await self._closed.wait()


class Ears:
    """Every track of this process, by room."""

    def __init__(self) -> None:
        self._ears: dict[tuple[str, str], Ear] = {}
        self.news = asyncio.Event()
        """Set when there is one more; then there is another event."""

    def open(self, room: Room, place: TrackPlace, rate: int) -> Ear:
        """A track begins."""
        self._forget()
        ear = Ear(room.settings.id, place, rate)
        self._ears[ear.room, ear.stream] = ear
        self.news.set()
        self.news = asyncio.Event()
        return ear

    def of(self, room: str) -> tuple[Ear, ...]:
        """The tracks of a room that are not over."""
        self._forget()
        return tuple(ear for ear in self._ears.values() if ear.room == room)

    def _forget(self) -> None:
        """Keep no track that is over: it may be that nobody ever asks for its room."""
        self._ears = {where: ear for where, ear in self._ears.items() if not ear.captioned}
