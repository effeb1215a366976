"""Rooms on a real disk, a recogniser that hears perfectly, and sockets without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioner.archive.store import open_store
from captioner.audio.pcm import SAMPLE_RATE, Samples, to_bytes
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption, Event, Gap
from captioner.ingest.stage import Listen, Nobody, wishes_of
from captioner.ingest.tracks import Tracks
from captioner.ingest.websocket import Disconnected, publish_over
from captioner.realtime.patience import Patience
from captioner.realtime.transcription import Transcription
from captioner.rooms.local import LocalRoom
from captioner.rooms.registry import Rooms
from captioner.rooms.room import Room, RoomSettings, TrackPlace
from tests.realtime_peer import Peer, running_peer

TIMEOUT_S = 60
PATIENCE = Patience(first_retry=0.001, last_retry=0.01)


@dataclass
class Place:
    """Everything from the publisher's socket to the bus."""

    rooms: Rooms
    bus: MemoryBus
    tracks: Tracks
    peer: Peer
    now: list[float]
    """What the tracks take for the time, in seconds."""

    async def room(self) -> LocalRoom:
        return await self.rooms.get_or_create(RoomSettings("demo", language="en"))

    async def events(self) -> list[Event]:
        """The newest revisions and the gaps of the room."""
        return [numbered.event for numbered in (await self.bus.history("demo")).events]

    async def finals(self) -> list[str]:
        events = await self.events()
        captions = sorted(
            (e for e in events if isinstance(e, Caption) and e.final), key=lambda c: c.start
        )
        return [caption.text for caption in captions if caption.text]

    async def gaps(self) -> list[Gap]:
        return [event for event in await self.events() if isinstance(event, Gap)]

    def connect(self, *messages: str | bytes) -> Socket:
        """A publisher that has sent these messages and stays."""
        socket = Socket(self)
        for message in messages:
            socket.give(message)
        return socket


@asynccontextmanager
async def place(
    data: Path,
    peer: Peer | None = None,
    *,
    grace_s: float = 30.0,
    patience: Patience = PATIENCE,
    listen: Listen = lambda _room, _place: Nobody(),
) -> AsyncIterator[Place]:
    now = [0.0]
    bus = MemoryBus()
    with open_store(data) as store:
        rooms = Rooms(bus, store)
        await rooms.load()
        async with running_peer(peer) as peer:

            def transcribe(room: Room, place: TrackPlace, language: str) -> Transcription:
                return Transcription(
                    [peer.engine()],
                    wishes_of(room, language),
                    sample_rate=SAMPLE_RATE,
                    start=place.base + place.settled,
                    patience=patience,
                )

            async with Tracks(
                transcribe, SAMPLE_RATE, listen=listen, grace_s=grace_s, clock=lambda: now[0]
            ) as tracks:
                rooms.on_ending.append(tracks.finish)
                rooms.on_changed.append(tracks.change)
                yield Place(rooms, bus, tracks, peer, now)


class Socket:
    """A publisher's WebSocket, from both sides."""

    def __init__(self, place: Place) -> None:
        self.told: list[dict[str, Any]] = []
        self.closed: int | None = None
        self._place = place
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._news = asyncio.Condition()
        self.serving = asyncio.create_task(publish_over(self, place.room, place.tracks))

    def give(self, message: str | bytes) -> None:
        """The publisher sends."""
        self._messages.put_nowait(message)

    def speak(self, samples: Samples, frame: int = 4800) -> None:
        """The publisher sends 24 kHz 16 bit audio, `frame` bytes a message."""
        data = to_bytes(samples)
        for first in range(0, len(data), frame):
            self.give(data[first : first + frame])

    async def stop(self) -> None:
        """The publisher says stop and waits for the end."""
        self.give('{"type": "stop"}')
        await self.end()

    async def cut(self) -> None:
        """The connection breaks."""
        self._messages.put_nowait(None)
        await self.end()

    async def end(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self.serving

    async def until(self, kind: str, **fields: object) -> dict[str, Any]:
        """Wait until the server has said something like this."""
        return await self._until(lambda told: {**told, "type": kind, **fields} == told)

    async def acked(self, seconds: float) -> float:
        """Wait until audio up to there is acknowledged; return up to where it is."""
        told = await self._until(lambda told: told["type"] == "ack" and told["until"] >= seconds)
        return float(told["until"])

    async def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S), self._news:
            await self._news.wait_for(lambda: any(map(wanted, self.told)))
        return next(filter(wanted, self.told))

    @property
    def error(self) -> tuple[int | None, str | None]:
        """The close code and the last error's code."""
        errors = [message["code"] for message in self.told if message["type"] == "error"]
        return self.closed, errors[-1] if errors else None

    async def receive(self) -> str | bytes:
        message = await self._messages.get()
        if message is None:
            raise Disconnected
        return message

    async def send(self, text: str) -> None:
        async with self._news:
            self.told.append(json.loads(text))
            self._news.notify_all()

    async def close(self, code: int) -> None:
        self.closed = code


def start(stream: str = "mic", format: str = "pcm_s16le", **changes: object) -> str:
    """The first message of a publisher of 24 kHz mono."""
    usual = {"type": "start", "sample_rate": 24_000, "channels": 1}
    return json.dumps({**usual, "stream": stream, "format": format, **changes})
