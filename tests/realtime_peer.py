"""A Realtime server for tests that hears perfectly, and fails when it is told to.

Speech is a level: every run of one value other than 0 is a word (`tests.faults.speech.spoken`),
0.3 s of silence end an utterance. So what must be recognised is known to the letter, however the
audio gets here.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import connector
from captioner.realtime.engines import Engine
from captioner.realtime.providers import EMBEDDED

WORD = SAMPLE_RATE // 5
END_OF_SPEECH = SAMPLE_RATE * 3 // 10

Event = dict[str, Any]
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Listener:
    """The server's side of one session, without I/O: audio in, events out."""

    def __init__(self, session: int = 0) -> None:
        self._name = f"item_{session}_"
        self._items = 0
        self._position = 0
        self._word = 0
        self._quiet = 0
        self._item: str | None = None
        self._previous: str | None = None
        self._words: list[str] = []

    def append(self, samples: Samples) -> list[Event]:
        return [event for run in _runs(samples) for event in self._run(*run)]

    def commit(self) -> list[Event]:
        """End the open item; without one there is nothing to commit."""
        if self._item is None:
            error: Event = {
                "type": "invalid_request_error",
                "code": "input_audio_buffer_commit_empty",
            }
            return [{"type": "error", "error": error}]
        return self._end_item()

    def _run(self, value: int, size: int) -> list[Event]:
        events: list[Event] = []
        if value and value != self._word:
            if self._item is None:
                events.append(self._begin_item())
            events += self._say(f"w{value}")
        self._position += size
        self._quiet = 0 if value else self._quiet + size
        self._word = value
        if self._item is not None and self._quiet >= END_OF_SPEECH:
            events.append(self._of_item("input_audio_buffer.speech_stopped", audio_end_ms=self._ms))
            events += self._end_item()
        return events

    def _begin_item(self) -> Event:
        self._items += 1
        self._item, self._words = f"{self._name}{self._items}", []
        return self._of_item("input_audio_buffer.speech_started", audio_start_ms=self._ms)

    def _say(self, word: str) -> list[Event]:
        delta = f" {word}" if self._words else word
        self._words.append(word)
        return [
            self._of_item(f"{_TRANSCRIPTION}.hypothesis", text=delta, audio_end_ms=self._ms),
            self._of_item(f"{_TRANSCRIPTION}.delta", delta=delta),
        ]

    def _end_item(self) -> list[Event]:
        transcript = " ".join(self._words)
        languages = [{"code": "en"}]
        events = [
            self._of_item("input_audio_buffer.committed", previous_item_id=self._previous),
            self._of_item(
                f"{_TRANSCRIPTION}.completed", transcript=transcript, languages=languages
            ),
        ]
        self._previous, self._item = self._item, None
        return events

    def _of_item(self, kind: str, **fields: object) -> Event:
        return {"type": kind, "item_id": self._item, **fields}

    @property
    def _ms(self) -> int:
        return self._position * 1000 // SAMPLE_RATE


def _runs(samples: Samples) -> Iterable[tuple[int, int]]:
    """Runs of one value; long ones in pieces, so that a silence ends where it should."""
    cuts = np.flatnonzero(np.diff(samples)) + 1
    for part in np.split(samples, cuts):
        for first in range(0, part.size, WORD // 20):
            yield int(part[0]), part[first : first + WORD // 20].size


@dataclass
class Peer:
    """A running server and what it does wrong."""

    lose_after: list[float] = field(default_factory=list)
    """Seconds of audio after which each of the first sessions is cut off without a word."""
    refuse: int = 0
    """So many sessions are refused their configuration."""
    change: Callable[[int, Event], list[Event]] = lambda _session, event: [event]
    """What is sent in place of an event of a session."""
    hearing: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, audio is taken and not listened to."""
    sessions: int = 0
    asked: list[Event] = field(default_factory=list)
    """The `session` of every update that came."""
    received: list[float] = field(default_factory=list)
    """Seconds of audio of each session."""
    url: str = ""

    def engine(self, **changes: Any) -> Engine:
        """The engine that it is for its clients: they try again at once."""
        provider = replace(EMBEDDED, sample_rate=SAMPLE_RATE, **changes)
        breaker = Breaker(clock=lambda: 0.0, jitter=lambda: 0.0)
        return Engine(provider, connector(self.url, server="the recogniser"), breaker)

    async def serve(self, socket: ServerConnection) -> None:
        session, listener = self.sessions, Listener(self.sessions)
        self.sessions += 1
        self.received.append(0.0)
        try:
            async for message in socket:
                await self._answer(socket, session, listener, json.loads(message))
        except ConnectionClosed:
            pass

    async def _answer(
        self, socket: ServerConnection, session: int, listener: Listener, message: Event
    ) -> None:
        match message["type"]:
            case "session.update":
                self.asked.append(message["session"])
                await self.hearing.wait()
                events: list[Event] = [{"type": "session.updated"}]
                if session < self.refuse:
                    events = [{"type": "error", "error": {"message": "not today"}}]
            case "input_audio_buffer.append":
                samples = np.frombuffer(base64.b64decode(message["audio"]), "<i2")
                self.received[session] += samples.size / SAMPLE_RATE
                await self.hearing.wait()
                events = listener.append(samples)
            case "input_audio_buffer.commit":
                events = listener.commit()
        for event in events:
            for said in self.change(session, event):
                await socket.send(json.dumps(said))
        if session < len(self.lose_after) and self.received[session] >= self.lose_after[session]:
            socket.transport.abort()


@asynccontextmanager
async def running_peer(peer: Peer | None = None) -> AsyncIterator[Peer]:
    """A server on a free port; it hears well from the beginning."""
    peer = peer or Peer()
    peer.hearing.set()
    async with serve(peer.serve, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        peer.url = f"ws://127.0.0.1:{port}/v1/realtime"
        yield peer
