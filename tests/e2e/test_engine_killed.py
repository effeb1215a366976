"""`kill -9` of the recogniser in the middle of a sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.e2e.http import create_room
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import first_half, lost_or_doubled
from tests.processes import Server


def engine_of(server: Server) -> psutil.Process:
    """The recogniser's process."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return next(child for child in children if "engine" in child.cmdline())


@pytest.mark.anyio
async def test_a_killed_engine_comes_back_and_the_sentence_is_captioned(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    samples, spoken = first_half(demo_recording, demo_reference)
    publisher = Publisher(server.ws_url, "engine-killed", samples)
    create_room(server.url, "engine-killed")
    async with reading(server.ws_url, "engine-killed") as reader, asyncio.TaskGroup() as tasks:
        tasks.create_task(publisher.publish())
        await reader.until(
            lambda read: read.finals and any(len(c["text"]) > 20 for c in read.open),
            "a second sentence is half said",
        )
        engine = engine_of(server)
        engine.kill()
    assert engine_of(server).pid != engine.pid
    assert publisher.connections == 1, "the publisher was bothered"
    assert not list(lost_or_doubled(spoken, reader.text))
    assert not reader.open
