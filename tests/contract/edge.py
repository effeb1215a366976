"""The server without an engine, behind a port in this process: what is captioned is made up."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from captioner.accounts.accounts import Accounts, RoomUsage
from captioner.accounts.budget import Budget, Budgets
from captioner.archive.store import open_store
from captioner.audio.pcm import SAMPLE_RATE
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Event
from captioner.delivery.hub import Hub
from captioner.delivery.reading import Reading
from captioner.errors import EngineUnavailable
from captioner.ingest.tracks import Tracks
from captioner.metrics import Metrics
from captioner.realtime.cost import PRICES
from captioner.realtime.transcription import Transcription
from captioner.rooms.by_room import by_room
from captioner.rooms.clock import utc_now
from captioner.rooms.registry import Rooms
from captioner.rooms.room import RoomSettings
from captioner.server.application import create_application
from captioner.server.listening import Listening, bound, listening
from captioner.server.pages import web_root
from captioner.server.parts import Parts
from captioner.settings import ROLES
from captioner.speech.studio import Studio
from captioner.speech.voices import Voices
from captioner.translation.progress import Progress


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Edge:
    """A running server and the parts behind it."""

    port: int
    rooms: Rooms
    bus: MemoryBus
    hub: Hub
    accounts: Accounts
    metrics: Metrics
    voices: Voices
    server: Listening
    translated: dict[tuple[str, str], Progress]
    """How rooms are translated, by room and language: as the test says."""

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def publish(self, room: str, *events: Event) -> None:
        """Let the events happen in a room, which is made where it is not there."""
        found = await self.rooms.get_or_create(RoomSettings(room, language="en"))
        for event in events:
            await found.publish(event)

    async def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request; a body that is not bytes, nor pieces of them, goes as JSON."""
        return await asyncio.to_thread(self._ask, method, path, body, headers or {})

    def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if body is not None and not isinstance(body, bytes | Iterator):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, cast(bytes | None, body), headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()


@asynccontextmanager
async def running_edge(
    data: Path,
    *,
    hands_over: bool = True,
    studio: Studio | None = None,
    roles: frozenset[str] = ROLES,
) -> AsyncIterator[Edge]:
    """The server on a free port, with its files in `data`; `hands_over` as in `listening`,

    `studio` as in `Voices`, `roles` as in `Parts`.
    """
    bus, metrics = MemoryBus(), Metrics()
    with open_store(data) as store:
        rooms = Rooms(bus, store)
        await rooms.load()
        accounts = Accounts(PRICES, Budgets(Budget(1.0), Budget(0.0)), store.usage, utc_now)
        rooms.on_erased.append(accounts.forget)
        async with (
            Tracks(no_transcription, SAMPLE_RATE) as tracks,
            Hub(bus) as hub,
            Voices(bus, studio, on_skipped=metrics.speech_skipped) as voices,
        ):

            async def usage(room: str) -> RoomUsage:
                return accounts.usage(room)

            translated: dict[tuple[str, str], Progress] = {}

            async def progress(rooms: Sequence[str]) -> dict[str, dict[str, Progress]]:
                return by_room(rooms, translated)

            parts = Parts(
                roles,
                rooms,
                bus,
                tracks,
                hub,
                store.transcript,
                no_engine,
                tracks.recognition,
                progress,
                usage,
                metrics,
                voices,
                Reading(hub.languages, voices.languages),
            )
            listener = bound("127.0.0.1", 0)
            app = create_application(parts, web_root())
            async with listening(app, listener, hands_over=hands_over) as server:
                port = listener.getsockname()[1]
                yield Edge(port, rooms, bus, hub, accounts, metrics, voices, server, translated)


def no_transcription(*_: object) -> Transcription:
    raise EngineUnavailable("There is no engine.")


async def no_engine() -> None:
    raise EngineUnavailable("There is no engine.")
