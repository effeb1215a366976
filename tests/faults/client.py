"""The plainest client: it sends what it is told to and keeps what it hears, in virtual time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from captioner.audio.pcm import SAMPLE_RATE, Samples, to_bytes
from captioner.realtime.connection import Connection
from captioner.realtime.trouble import SessionEnded
from tests.faults.memory import in_memory
from tests.faults.script import Fault, Script
from tests.faults.server import FaultServer
from tests.virtual_time import run_virtual

PATIENCE_S = 60.0
"""How long it listens after the last that it has to say."""
COMMIT = {"type": "input_audio_buffer.commit"}
CLEAR = {"type": "input_audio_buffer.clear"}

Event = Mapping[str, Any]


def update(include: tuple[str, ...] = (), **input_: object) -> dict[str, Any]:
    session = {"type": "transcription", "include": include, "audio": {"input": input_}}
    return {"type": "session.update", "session": session}


@dataclass
class Told:
    """What a session said."""

    events: list[tuple[float, Event]] = field(default_factory=list)
    """Each with when it came."""
    end: SessionEnded | None = None
    ended_at: float = 0.0

    @property
    def kinds(self) -> list[str]:
        return [event["type"].rpartition(".")[2] for _, event in self.events]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.all if event["type"].endswith(f".{kind}")]

    @property
    def all(self) -> list[Event]:
        return [event for _, event in self.events]

    def times(self, kind: str) -> list[float]:
        return [when for when, event in self.events if event["type"].endswith(f".{kind}")]

    @property
    def texts(self) -> list[str]:
        return [event["transcript"] for event in self.of("completed")]


async def converse(
    connection: Connection, parts: tuple[Samples | Event, ...], pace: float, rate: int
) -> Told:
    """Send samples in frames of 100 ms at `pace` times real time, and events in between."""
    told = Told()
    loop = asyncio.get_running_loop()

    async def listen() -> None:
        try:
            while True:
                event = await connection.receive()
                told.events.append((loop.time(), event))
        except SessionEnded as end:
            told.end, told.ended_at = end, loop.time()

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        try:
            for part in parts:
                await _say(connection, part, pace, rate)
        except SessionEnded:
            await listening
        await asyncio.wait([listening], timeout=PATIENCE_S)
        listening.cancel()
    return told


async def _say(connection: Connection, part: Samples | Event, pace: float, rate: int) -> None:
    if isinstance(part, Mapping):
        await connection.send(json.dumps(part))
        return
    for first in range(0, part.size, rate // 10):
        audio = to_bytes(part[first : first + rate // 10])
        append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}
        await connection.send(json.dumps(append))
        await asyncio.sleep(len(audio) / 2 / rate / pace)


def told_by(
    *parts: Samples | Event,
    faults: tuple[Fault, ...] = (),
    pace: float = 1.0,
    rate: int = SAMPLE_RATE,
    server: FaultServer | None = None,
) -> Told:
    """What the first session of a server with these faults says to all this."""
    server = server or FaultServer(Script((faults,)))

    async def session() -> Told:
        async with in_memory(server)() as connection:
            return await converse(connection, parts, pace, rate)

    return run_virtual(session())
