"""Whoever else hears a track hears what the recogniser is given, to its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from captioner.audio.pcm import Samples, to_bytes
from captioner.captions.model import Caption
from captioner.rooms.room import Room, TrackPlace
from tests.faults.speech import spoken
from tests.unit.ingest.publishing import place, start

pytestmark = pytest.mark.anyio

SPEECH = spoken("w1 w2 w3", "w4")


class Tape:
    """Keeps what it hears, and what had become of the track by then."""

    def __init__(self, where: TrackPlace) -> None:
        self.where = where
        self.heard: list[Samples] = []
        self.told: list[str] = []

    def hear(self, samples: Samples) -> None:
        assert self.told == []
        self.heard.append(samples)

    def end(self) -> None:
        self.told.append("end")

    def close(self) -> None:
        self.told.append("close")


async def test_a_listener_hears_every_sample_once_over_two_connections(tmp_path: Path) -> None:
    tapes: list[Tape] = []

    def listen(room: Room, where: TrackPlace) -> Tape:
        assert room.settings.id == "demo"
        tapes.append(Tape(where))
        return tapes[-1]

    async with place(tmp_path, listen=listen) as here:
        first = here.connect(start())
        first.speak(SPEECH[:48_000])
        await first.acked(0.0)
        await first.cut()
        second = here.connect(start())
        await second.until("started")
        resume_from = round(24_000 * second.told[0]["resume_from"])
        second.speak(SPEECH[resume_from:])
        await second.stop()
        (tape,) = tapes
        assert (tape.where.stream, tape.where.settled) == ("mic", 0.0)
        assert to_bytes(np.concatenate(tape.heard)) == to_bytes(SPEECH)
        assert tape.told == ["end", "close"]
        assert [e.final for e in await here.events() if isinstance(e, Caption)] == [True, True]


async def test_off_the_record_a_listener_hears_silence(tmp_path: Path) -> None:
    tapes: list[Tape] = []

    def listen(_room: Room, where: TrackPlace) -> Tape:
        tapes.append(Tape(where))
        return tapes[-1]

    async with place(tmp_path, listen=listen) as here:
        await (await here.room()).pause()
        socket = here.connect(start())
        socket.speak(SPEECH)
        await socket.stop()
        heard = np.concatenate(tapes[0].heard)
        assert heard.size == SPEECH.size and not heard.any()
