"""Playing recordings into a running server at their true pace, and noting what comes out when."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.delays import Arrival
from tests.bench.speech import RATE, Pcm
from tests.processes import running_server

FRAME_S = 0.05


@dataclass(slots=True)
class Played:
    """What a reader saw of one stream; times are seconds since its first sample was sent."""

    arrivals: list[Arrival] = field(default_factory=list)
    gaps: int = 0
    lag_ms: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def play(
    url: str, room: str, samples: Pcm, *, language: str = "en", pace: float = 1.0
) -> Played:
    """Publish `samples` and read the room's captions until the server has said them all."""
    played = Played()
    options = {"compression": None, "max_size": 2**22}
    async with (
        connect(f"{url}/v1/rooms/{room}/audio", **options) as publisher,  # type: ignore[arg-type]
        asyncio.TaskGroup() as tasks,
    ):
        start = {
            "type": "start",
            "stream": f"{room}-mic",
            "format": "pcm_s16le",
            "sample_rate": RATE,
            "channels": 1,
            "language": language,
        }
        await publisher.send(json.dumps(start))
        answer = json.loads(await publisher.recv())
        if answer["type"] != "started":
            raise RuntimeError(f"the server answered {answer}")
        reader = await connect(f"{url}/v1/rooms/{room}/captions?language=*", **options)  # type: ignore[arg-type]
        begun = time.monotonic()
        reading = tasks.create_task(_read(reader, begun, played))
        stopped = tasks.create_task(_until_stopped(publisher, played))
        await _send(publisher, samples, begun, pace)
        await publisher.send(json.dumps({"type": "stop"}))
        await stopped
        await asyncio.sleep(0.5)
        reading.cancel()
        await reader.close()
    return played


async def _send(publisher: ClientConnection, samples: Pcm, begun: float, pace: float) -> None:
    frame = int(FRAME_S * RATE)
    for index in range(0, len(samples), frame):
        due = begun + (index + frame) / RATE / pace
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await publisher.send(samples[index : index + frame].tobytes())


async def _read(reader: ClientConnection, begun: float, played: Played) -> None:
    async for message in reader:
        at = time.monotonic() - begun
        event = json.loads(message)
        if event["type"] == "caption":
            played.arrivals.append(
                Arrival(
                    at=at,
                    id=event["id"],
                    text=event["text"],
                    stable=event["stable"],
                    final=event["final"],
                    start=event["start"],
                    end=event["end"],
                )
            )
            if (lag := event.get("lag_ms")) is not None and not event["final"]:
                played.lag_ms.append(lag)
        elif event["type"] == "gap":
            played.gaps += 1


async def _until_stopped(publisher: ClientConnection, played: Played) -> None:
    async for message in publisher:
        event = json.loads(message)
        if event["type"] == "stopped":
            return
        if event["type"] == "error":
            played.errors.append(event["code"])
    played.errors.append("closed before stopped")


@dataclass(frozen=True, slots=True)
class Server:
    """A running `captioner serve` and its engine."""

    url: str
    process: psutil.Process

    def engine(self) -> psutil.Process:
        """The engine's process."""
        for child in self.process.children(recursive=True):
            if "engine" in child.cmdline():
                return child
        raise RuntimeError("the server runs no engine")

    def cpu_s(self) -> tuple[float, float]:
        """CPU seconds used so far by the web server and by the engine."""
        server, engine = self.process.cpu_times(), self.engine().cpu_times()
        return server.user + server.system, engine.user + engine.system

    def memory_mb(self) -> float:
        """Resident memory of the engine, in MB."""
        return float(self.engine().memory_info().rss) / 2**20


@contextlib.contextmanager
def measured_server(data: Path) -> Iterator[Server]:
    """`captioner serve` on a free port, ready to caption; stopped on leaving."""
    with running_server(data) as running:
        yield Server(running.ws_url, psutil.Process(running.process.pid))
