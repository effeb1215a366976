"""A publisher whose connection breaks loses nothing and says nothing twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.http import create_room, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.reader import reading
from tests.e2e.speech import load, lost_or_doubled
from tests.processes import Server

CUTS = 5


@pytest.mark.anyio
async def test_cut_connections_leave_the_transcript_as_it_would_have_been(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    samples = load(demo_recording)
    seconds = len(samples) / 16_000
    cuts = sorted(random.Random(8).uniform(1, seconds) for _ in range(CUTS))
    publisher = Publisher(server.ws_url, "cut", samples, pace=2.0, cuts=cuts)
    create_room(server.url, "cut")
    async with reading(server.ws_url, "cut") as reader:
        await publisher.publish()
    assert len(publisher.resumed_from) == CUTS + 1
    assert publisher.acknowledged == pytest.approx(seconds, abs=0.05)
    assert not list(lost_or_doubled(demo_reference, reader.text))
    assert not reader.gaps
    assert not list(lost_or_doubled(demo_reference, transcript(server.url, "cut")))


@pytest.mark.anyio
async def test_audio_faster_than_speech_is_captioned_completely(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    publisher = Publisher(server.ws_url, "fast", load(demo_recording), pace=1000.0, cuts=[20.0])
    await publisher.publish()
    assert not list(lost_or_doubled(demo_reference, transcript(server.url, "fast")))
