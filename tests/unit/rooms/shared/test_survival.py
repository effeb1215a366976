"""Whatever dies, in whatever order: what was settled is journalled once, and in its order."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import AsyncExitStack
from pathlib import Path

import orjson
import pytest

from captioner.captions.model import Settled
from captioner.rooms.room import RoomSettings
from captioner.rooms.shared.journal import journal_lines
from captioner.rooms.shared.room import SharedRoom
from tests.redis_servers import RedisServer, running_redis
from tests.unit.rooms.conftest import Speaker
from tests.unit.rooms.shared.house import Process, process
from tests.unit.rooms.shared.test_room import caption, until

pytestmark = pytest.mark.anyio

SEED = int(os.environ.get("FAULT_SEED", "1"))
SCRIPTS = 4
STEPS = 14
FAULTS = ("crash", "crash", "stop", "freeze", "forget", "rest")


class House:
    """A speaker, and two processes that keep rooms, each on a disk of its own."""

    def __init__(self, server: RedisServer, folder: Path, speaking: Process) -> None:
        self.server = server
        self.folder = folder
        self.speaking = speaking
        self.lives: dict[str, AsyncExitStack] = {}
        self.keepers: dict[str, Process] = {}
        self.said: list[str] = []

    async def start(self, name: str) -> None:
        life = self.lives[name] = AsyncExitStack()
        self.keepers[name] = await life.enter_async_context(
            process(self.server.url, self.folder / name)
        )

    async def stop(self, name: str) -> None:
        await self.lives[name].aclose()

    async def say(self, room: SharedRoom) -> None:
        number = len(self.said)
        self.said.append(f"{number}.")
        final = caption(f"u{number}", self.said[-1], start=float(number))
        await room.publish(final, settled=Settled("mic", number + 1.0))

    async def suffer(self, fault: str, rng: random.Random) -> None:
        match fault:
            case "crash":
                name = rng.choice(sorted(self.keepers))
                await self.keepers[name].crash()
                await self.stop(name)
                await self.start(name)
            case "stop":
                name = rng.choice(sorted(self.keepers))
                await self.stop(name)
                await self.start(name)
            case "freeze":
                self.server.freeze()
                await asyncio.sleep(rng.uniform(0.1, 3.0))
                self.server.thaw()
            case "forget":
                self.server.kill()
                self.server.start()
            case _:
                await asyncio.sleep(rng.uniform(0.0, 1.0))


@pytest.mark.parametrize("seed", range(SEED, SEED + SCRIPTS))
async def test_what_is_settled_is_journalled_once_and_in_order(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    with running_redis() as server:
        async with process(server.url) as speaking, AsyncExitStack() as lives:
            house = House(server, tmp_path, speaking)
            for name in ("a", "b"):
                await house.start(name)
                lives.push_async_callback(house.stop, name)
            room = await speaking.rooms.create(RoomSettings("demo", language="en"))
            await room.open_track("mic", Speaker())
            for _ in range(STEPS):
                for _ in range(rng.randrange(4)):
                    await house.say(room)
                await asyncio.sleep(rng.choice((0.0, 0.01, 0.1)))
                await house.suffer(rng.choice(FAULTS), rng)
            await house.say(room)
            await until(
                lambda: room.settled("mic") >= len(house.said),
                f"all is settled (seed {seed}: {room.settled('mic')} of {len(house.said)})",
            )
            lines = await journal_lines(speaking.redis, "demo")
            texts = [orjson.loads(line).get("text") for line in lines]
            assert [text for text in texts if text] == house.said, f"seed {seed}: {texts}"
            assert await speaking.finals("demo") == house.said
