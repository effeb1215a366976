"""What the requests work with, joined by `captioner.app`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Path
from fastapi.requests import HTTPConnection

from captioner.accounts.accounts import RoomUsage
from captioner.archive.transcript import Transcript
from captioner.bus.bus import Bus
from captioner.delivery.hub import Hub
from captioner.delivery.reading import Reading
from captioner.ingest.tracks import Tracks
from captioner.metrics import Metrics
from captioner.realtime.engines import Upstream
from captioner.rooms.directory import Directory
from captioner.server.readers import Readers
from captioner.speech.voices import Voices
from captioner.translation.progress import Progress


@dataclass(frozen=True, slots=True)
class Parts:
    """The product, as far as its edge needs it.

    `roles`: what this process does. `check_ready` raises `CaptionerError` with why it could not do
    it now. `recognition`: who recognises the streams of rooms, by room and stream, whichever
    process captions them. `translation`: how rooms are translated just now, by room and language,
    whichever process does. `reading`: what is read here, so that it is translated.
    """

    roles: frozenset[str]
    rooms: Directory
    bus: Bus
    tracks: Tracks
    hub: Hub
    transcript: Callable[[str], Awaitable[Transcript]]
    check_ready: Callable[[], Awaitable[None]]
    recognition: Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, Upstream]]]]
    translation: Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, Progress]]]]
    usage: Callable[[str], Awaitable[RoomUsage]]
    metrics: Metrics
    voices: Voices
    reading: Reading
    readers: Readers = field(default_factory=Readers)


async def _parts(connection: HTTPConnection) -> Parts:
    # Asynchronous, although it waits for nothing: what is not goes to a thread, each time.
    return cast(Parts, connection.app.state.parts)


Joined = Annotated[Parts, Depends(_parts)]
RoomName = Annotated[str, Path(description="The room's id.")]
