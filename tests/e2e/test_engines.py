"""Recognisers elsewhere that are not there, come back, and lose their sessions."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.engine import Engine, running_engine
from tests.e2e.http import create_room, request
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import first_half, lost_or_doubled
from tests.faults.script import AtSecond, Disconnect
from tests.processes import Server, free_port, running_server
from tests.realtime_faults import Script, in_front_of

pytestmark = pytest.mark.anyio

TIMEOUT_S = 120.0


def recognition(server: Server, room: str) -> list[dict[str, Any]]:
    """What the API says of who recognises the room's streams."""
    status, body = request(f"{server.url}/v1/rooms/{room}")
    assert status == 200
    found: list[dict[str, Any]] = json.loads(body)["recognition"]
    return found


async def until_state(server: Server, room: str, state: str) -> dict[str, Any]:
    """Wait until the room's one stream is recognised like this."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            found = await asyncio.to_thread(recognition, server, room)
            if found and found[0]["state"] == state:
                return found[0]
            await asyncio.sleep(0.1)


def metric(server: Server, line: str) -> float:
    """A metric of the server, by its name and labels."""
    _, body = request(f"{server.url}/metrics")
    values = [row.split()[-1] for row in body.decode().splitlines() if row.startswith(line + " ")]
    return float(values[0]) if values else 0.0


async def start(stack: ExitStack, port: int) -> Engine:
    """An engine on a port, in its own time."""
    return await asyncio.to_thread(stack.enter_context, running_engine(port))


async def test_without_an_engine_nothing_is_acknowledged_and_with_one_nothing_is_missing(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    samples, spoken = first_half(demo_recording, demo_reference)
    port = free_port()
    engine = f"captioner+ws://127.0.0.1:{port}"
    with ExitStack() as stack, running_server(tmp_path, "--engine", engine, ready=False) as server:
        create_room(server.url, "alone")
        publisher = Publisher(server.ws_url, "alone", samples)
        async with reading(server.ws_url, "alone") as reader, asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(publisher.publish())
            found = await until_state(server, "alone", "unavailable")
            assert "cannot be reached" in found["trouble"]
            assert request(f"{server.url}/readyz")[0] == 503
            await asyncio.sleep(5.0)
            assert (publisher.acknowledged, reader.captions) == (0.0, {})
            assert metric(server, 'captioner_engine_available{engine="captioner"}') == 0
            await start(stack, port)
            await until_state(server, "alone", "working")
            await publishing
        assert not list(lost_or_doubled(spoken, reader.text))
        assert reader.gaps == [] and publisher.connections == 1
        assert publisher.acknowledged == pytest.approx(samples.size / 16_000, abs=0.1)


async def test_the_second_engine_stands_in_and_the_first_is_taken_back(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    port = free_port()
    engines = f"captioner+ws://127.0.0.1:{port},embedded"
    samples, spoken = first_half(demo_recording, demo_reference)
    with ExitStack() as stack, running_server(tmp_path, "--engine", engines) as server:
        create_room(server.url, "relay")
        publisher = Publisher(server.ws_url, "relay", samples)
        async with reading(server.ws_url, "relay") as reader, asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(publisher.publish())
            await until_state(server, "relay", "standby")
            await reader.until(lambda read: read.captions, "something is captioned")
            await start(stack, port)
            await until_state(server, "relay", "working")
            await publishing
        assert not list(lost_or_doubled(spoken, reader.text))
        marks = [caption.get("engine") for caption in reader.captions.values()]
        assert marks[0] == "embedded" and marks[-1] is None
        failovers = 'captioner_failovers_total{from_engine="embedded",to_engine="captioner"}'
        assert metric(server, failovers) == 1


async def test_killed_sessions_lose_no_word_of_real_speech(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    samples, spoken = first_half(demo_recording, demo_reference)
    ages = (2.0, 5.5, 4.0, 7.0)
    script = Script(tuple((Disconnect(AtSecond(age)),) for age in ages))
    with running_engine() as engine, ExitStack() as stack:
        async with in_front_of(engine.sessions, script) as (url, faults):
            serving = running_server(tmp_path, "--engine", f"captioner+{url}")
            server = await asyncio.to_thread(stack.enter_context, serving)
            create_room(server.url, "killed")
            publisher = Publisher(server.ws_url, "killed", samples)
            async with reading(server.ws_url, "killed") as reader:
                await publisher.publish()
    assert len(faults.sessions) == len(ages) + 1
    assert not list(lost_or_doubled(spoken, reader.text))
    assert publisher.connections == 1
