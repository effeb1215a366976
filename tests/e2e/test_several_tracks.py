"""Two people at two microphones, at once, in one room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.http import create_room, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import RATE, load, lost_or_doubled, words
from tests.processes import Server


@pytest.mark.anyio
async def test_each_speaker_has_their_own_captions(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    samples = load(demo_recording)
    half = 27 * RATE
    ana = Publisher(server.ws_url, "two", samples[:half], stream="a", speaker="Ana", pace=1.5)
    ben = Publisher(server.ws_url, "two", samples[half:], stream="b", speaker="Ben", pace=1.5)
    create_room(server.url, "two")
    async with reading(server.ws_url, "two") as reader:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ana.publish())
            tasks.create_task(ben.publish())
    said = {
        speaker: [c for c in reader.captions.values() if c["speaker"] == speaker]
        for speaker in ("Ana", "Ben")
    }
    assert {c["track"] for c in said["Ana"]} == {"a"}
    assert {c["track"] for c in said["Ben"]} == {"b"}
    both = [" ".join(c["text"] for c in captions) for captions in said.values()]
    assert not list(lost_or_doubled(demo_reference, " ".join(both)))
    assert words(both[0])[:3] == words(demo_reference)[:3]
    vtt = transcript(server.url, "two", "vtt")
    assert "<v Ana>" in vtt and "<v Ben>" in vtt
