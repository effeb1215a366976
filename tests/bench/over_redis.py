"""What Redis adds to the way from whoever captions to whoever reads:
`python -m tests.bench.over_redis [--readers 1000] [--seconds 10] [--rounds 5] [--storm 5000]`.

Events at 5 a second, each stamped before it is published, to readers of one room on loopback: in
turns through the memory bus, published in the server's own process, and through Redis, published
in another process than the gateway that serves the readers. Then readers who all come back within
5 s, where they were, while events go on. Prints the delays, what Redis adds, when all were live
again and what that cost Redis; the exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console

from captioner.bus.redis import RedisBus
from captioner.redis.connection import connected
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.registry import SharedRooms
from tests.bench.fanout.processes import SERVER_CORE, Readers, Server, build, readers, server
from tests.bench.fanout.servers import ROOM, event
from tests.processes import running_server
from tests.redis_servers import running_redis

INTERVAL = 0.2
SETTLE_S = 0.5
MOST_ADDED_MS = 15.0
"""At the 99th percentile."""
STORM_SPREAD_S, STORM_LIVE_S = 5.0, 10.0


@dataclass
class Delays:
    """In ms, of each round."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, reading: Readers, expected: int) -> None:
        report = reading.report()
        self.p50.append(report["p50"])
        self.p99.append(report["p99"])
        if report["deliveries"] != expected or report["lost"] or report["doubled"]:
            self.wrong.append(str(report))


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    taken, given = os.pipe()
    try:
        yield taken, given
    finally:
        os.close(taken)
        os.close(given)


async def publish(url: str, first: int, events: int) -> None:
    """Publish as an ingest process does, one event every `INTERVAL`."""
    async with connected(url) as redis, RedisBus(redis) as bus:
        await redis.wait_until_up()
        due = time.monotonic()
        for number in range(first, first + events):
            await bus.publish(ROOM, event(number))
            due += INTERVAL
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def make_room(url: str) -> None:
    async with connected(url) as redis, RedisBus(redis) as bus, Leases(redis) as leases:
        await redis.wait_until_up()
        async with SharedRooms(redis, bus, leases) as rooms:
            await rooms.create(RoomSettings(ROOM))


@contextmanager
def gateway(folder: Path, redis: str) -> Iterator[int]:
    """The port of a gateway on the servers' core, whose room is there."""
    asyncio.run(make_room(redis))
    with running_server(folder / "gateway", "--redis", redis, "--role", "gateway") as running:
        core = sorted(os.sched_getaffinity(0))[SERVER_CORE]
        psutil.Process(running.process.pid).cpu_affinity([core])
        yield running.port


def measure(folder: Path, options: argparse.Namespace) -> tuple[Delays, Delays]:
    """Rounds in turns, with both servers and their readers there throughout."""
    memory, shared = Delays(), Delays()
    events = round(options.seconds / INTERVAL)
    with running_redis() as redis, pipe() as (taken, given), pipe() as (_, unheard):
        with (
            server("captioner", folder, taken) as alone,
            readers(folder, alone.port, options.readers, 0, given) as reading_alone,
            gateway(folder, redis.url) as port,
            readers(folder, port, options.readers, 0, unheard) as reading_shared,
        ):
            reading_alone.open()
            reading_shared.open()
            asyncio.run(publish(redis.url, 1, 3))
            _warm(alone, reading_alone, reading_shared)
            for round_ in range(options.rounds):
                alone.pace(events, INTERVAL)
                time.sleep(SETTLE_S)
                memory.note(reading_alone, events * options.readers)
                asyncio.run(publish(redis.url, 4 + round_ * events, events))
                time.sleep(SETTLE_S)
                shared.note(reading_shared, events * options.readers)
    return memory, shared


def _warm(alone: Server, *reading: Readers) -> None:
    alone.lockstep(3)
    time.sleep(SETTLE_S)
    for each in reading:
        each.report()


def storm(folder: Path, count: int, console: Console) -> bool:
    """All come back at once, where they were; whether they do in time, and miss nothing."""
    events = round(2 * STORM_LIVE_S / INTERVAL)
    with running_redis() as redis, pipe() as (_, unheard):
        with (
            gateway(folder, redis.url) as port,
            readers(folder, port, count, 0, unheard) as reading,
        ):
            reading.open()
            asyncio.run(publish(redis.url, 1, 50))
            time.sleep(SETTLE_S)
            reading.report()
            redis.ask("CONFIG", "RESETSTAT")
            publishing = threading.Thread(
                target=lambda: asyncio.run(publish(redis.url, 51, events))
            )
            publishing.start()
            reading.talk.tell(f"reconnect {STORM_SPREAD_S}")
            live = float(json.loads(reading.talk.hear())["open"])
            publishing.join()
            time.sleep(2 * SETTLE_S)
            report = reading.report()
        commands = redis.ask("INFO", "commandstats")
    busy_s = sum(float(stats["usec"]) for stats in commands.values()) / 1e6
    reads = commands.get("cmdstat_xrange", {"calls": 0})["calls"]
    console.print(
        f"storm of {count}: all live again after {live:.1f} s (may be {STORM_LIVE_S:g}); "
        f"Redis busy for {1000 * busy_s:.0f} ms, the history read {reads} times; {report}"
    )
    wrong = report["lost"] or report["doubled"] or report["unrecovered"]
    return not wrong and live <= STORM_LIVE_S


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--storm", type=int, default=5000, help="readers who come back at once")
    options = parser.parse_args()
    console = Console(width=200)
    with tempfile.TemporaryDirectory() as name:
        build(Path(name))
        met = delays(Path(name), options, console)
        return 0 if storm(Path(name), options.storm, console) and met else 1


def delays(folder: Path, options: argparse.Namespace, console: Console) -> bool:
    """Print the delays; whether Redis adds no more than it may."""
    memory, shared = measure(folder, options)
    for title, measured in (("memory bus, one process", memory), ("Redis, two processes", shared)):
        p50, p99 = statistics.median(measured.p50), statistics.median(measured.p99)
        console.print(f"{title:<26} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms", *measured.wrong)
    added = statistics.median(b - a for a, b in zip(memory.p99, shared.p99, strict=True))
    console.print(f"added at p99: {added:.1f} ms (may be {MOST_ADDED_MS:g})")
    return added <= MOST_ADDED_MS and not memory.wrong and not shared.wrong


if __name__ == "__main__":
    sys.exit(main())
