"""Several processes that share a Redis: whatever is killed, nobody misses a word."""

from __future__ import annotations

import asyncio
from itertools import cycle
from pathlib import Path

import pytest

from tests.e2e.http import create_room, history, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.restless import restless_readers
from tests.e2e.speech import RATE
from tests.fleet import running_fleet
from tests.realtime_faults import FaultServer, on_sockets, spoken
from tests.redis_servers import running_redis

pytestmark = pytest.mark.anyio

ROOM = "meeting"
UTTERANCES = [f"w{3 * n + 1} w{3 * n + 2} w{3 * n + 3}" for n in range(30)]
READERS = 20
IN_TURN = ("worker-0", "gateway-0", "worker-1", "gateway-1")


async def test_processes_are_killed_one_after_the_other_and_no_word_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    said = " ".join(UTTERANCES)
    samples = spoken(*UTTERANCES, pause_s=0.7, rate=RATE)
    with running_redis() as redis:
        async with (
            on_sockets(FaultServer()) as engine,
            running_fleet(tmp_path, redis.url, f"captioner+{engine}") as fleet,
        ):
            create_url = f"http://{fleet.gateways}"
            await asyncio.to_thread(create_room, create_url, ROOM)
            publisher = Publisher(f"ws://{fleet.workers}", ROOM, samples)
            address = f"ws://{fleet.gateways}/v1/rooms/{ROOM}/captions"
            async with (
                restless_readers(address, READERS, stay_s=6.0) as readers,
            ):
                async with fleet.killing(cycle(IN_TURN), every_s=5.0):
                    await publisher.publish()
                kept = await asyncio.to_thread(history, create_url, ROOM)
                wanted = {caption["id"]: caption["text"] for caption in kept if caption["text"]}
                for reader in readers:
                    await reader.read.until(
                        lambda read: {k: v for k, v in read.finals.items() if v} == wanted,
                        "every reader has every caption",
                    )
            text = await asyncio.to_thread(transcript, create_url, ROOM)
    assert {name for _, name in fleet.killed} == {*IN_TURN}
    assert " ".join(text.replace(".", "").split()) == said
    for reader in readers:
        assert not reader.doubled
        assert not reader.read.broken_promises
        assert all(reader.recovered)
