"""Two people at two microphones, at once, in one room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.http import create_room, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import first_half, load, lost_or_doubled
from tests.processes import Server


@pytest.mark.anyio
async def test_each_speaker_has_their_own_captions(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    first, by_ana = first_half(demo_recording, demo_reference)
    second, by_ben = load(demo_recording)[len(first) :], demo_reference[len(by_ana) :]
    ana = Publisher(server.ws_url, "two", first, stream="a", speaker="Ana", pace=1.5)
    ben = Publisher(server.ws_url, "two", second, stream="b", speaker="Ben", pace=1.5)
    create_room(server.url, "two")
    async with reading(server.ws_url, "two") as reader:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ana.publish())
            tasks.create_task(ben.publish())
    for speaker, track, spoken in (("Ana", "a", by_ana), ("Ben", "b", by_ben)):
        own = [c for c in reader.captions.values() if c["speaker"] == speaker]
        assert {caption["track"] for caption in own} == {track}
        assert not list(lost_or_doubled(spoken, " ".join(caption["text"] for caption in own)))
    vtt = transcript(server.url, "two", "vtt")
    assert "<v Ana>" in vtt and "<v Ben>" in vtt
