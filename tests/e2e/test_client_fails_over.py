"""The Python client when the server that it talks to is killed and another takes the rooms over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from captioner.client import Caption, Hello, Numbered, captions, publish
from tests.e2e.http import create_room, request, transcript
from tests.e2e.speech import RATE, first_half, lost_or_doubled
from tests.processes import free_port, running_server

ROOM = "client-fails-over"
BLOCK = RATE // 10


@pytest.mark.anyio
async def test_with_its_server_killed_the_client_goes_on_at_the_other(
    tmp_path: Path, demo_recording: Path, demo_reference: str
) -> None:
    ports = free_port(), free_port()
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    samples, spoken = first_half(demo_recording, demo_reference)
    final_seen = asyncio.Event()
    given: list[Hello | Numbered] = []

    async def as_spoken() -> AsyncIterator[bytes]:
        for first in range(0, len(samples), BLOCK):
            yield samples[first : first + BLOCK].tobytes()
            await asyncio.sleep(BLOCK / RATE)

    async def read() -> None:
        async for event in captions(urls, ROOM):
            given.append(event)
            if isinstance(event, Numbered) and isinstance(event.event, Caption):
                if event.event.final:
                    final_seen.set()

    async with asyncio.TaskGroup() as tasks:
        with running_server(tmp_path, port=ports[0]) as first:
            create_room(first.url, ROOM)
            tasks.create_task(read())
            publishing = tasks.create_task(
                publish(urls, ROOM, as_spoken(), sample_rate=RATE, stream="mic")
            )
            await final_seen.wait()
            first.kill()
        with running_server(tmp_path, port=ports[1]) as second:
            await publishing
            assert not list(lost_or_doubled(spoken, transcript(second.url, ROOM)))
            assert request(f"{second.url}/v1/rooms/{ROOM}/end", b"")[0] == 200
    assert not list(lost_or_doubled(spoken, read_text(given)))


def read_text(given: list[Hello | Numbered]) -> str:
    """What a reader has in the end who does as the page of the client says."""
    held: dict[str, Caption] = {}
    for event in given:
        if isinstance(event, Hello):
            if not event.recovered:
                held.clear()
        elif isinstance(event.event, Caption):
            known = held.get(event.event.id)
            assert known is None or known.rev < event.event.rev, "a revision came twice"
            held[event.event.id] = event.event
    ordered = sorted(held.values(), key=lambda caption: caption.start)
    return " ".join(caption.text for caption in ordered)
