"""Pitfalls of a session's lifetime: it ends without warning, and whoever speaks goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from captioner.audio.pcm import SAMPLE_RATE, silence
from captioner.captions.recognition import SessionLost
from captioner.realtime.breaker import Breaker
from captioner.realtime.configuration import Wishes
from captioner.realtime.connection import Connection
from captioner.realtime.engines import Engine
from captioner.realtime.patience import Patience
from captioner.realtime.providers import Provider
from captioner.realtime.transcription import Transcription
from captioner.realtime.trouble import closed
from tests.faults.script import (
    ABORTED,
    NO_CODE,
    AtSecond,
    Disconnect,
    Expires,
    Fault,
    Refused,
    Stall,
    Within,
)
from tests.realtime_faults import FaultServer, Script, in_memory, spoken
from tests.unit.realtime.coded_voice import CodedVoice
from tests.unit.realtime.crowd import HOUR_S, Clocked, at_every_attempt, heard_for
from tests.unit.realtime.test_survival import (
    DETECTING,
    PROVIDERS,
    SPEECH,
    UTTERANCES,
    captioned,
)
from tests.unit.realtime.track import Track
from tests.virtual_time import run_virtual

WORDS = " ".join(UTTERANCES).split()
SAID = ["w1", "w2", "w3"]
"""Over and over, by who is heard for long."""


def every() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)


def losses(track: Track) -> list[SessionLost]:
    """Those that took the track by surprise."""
    return [event for event in track.events if event == SessionLost()]


def is_told_once(track: Track, seconds: float) -> bool:
    words = track.words
    return words == (SAID * len(words))[: len(words)] and len(words) >= 0.8 * seconds


@every()
@pytest.mark.parametrize("announced", [True, False], ids=["expires_at", "lifetime"])
def test_another_session_goes_on_in_a_pause_before_the_time_is_over(
    provider: Provider, announced: bool
) -> None:
    limited = replace(provider, lifetime=3600.0 if announced else 100.0)
    script = at_every_attempt(Expires(100.0, announced=announced))
    server, (track,) = heard_for(600.0, script, limited)
    assert losses(track) == []
    assert 6 <= len(server.times) <= 9
    assert is_told_once(track, 600.0)


@every()
def test_where_nobody_pauses_another_session_hears_the_utterance_from_its_beginning(
    provider: Provider,
) -> None:
    words = " ".join(f"w{level}" for level in range(1, 76))
    speech = spoken(words, "w200", "w201", pause_s=1.5)
    limited = replace(provider, lifetime=12.0, promised=False)
    script = Script(((Expires(12.0, announced=False),),) * 9)
    track = captioned(script, limited, speech)
    assert losses(track) == []
    assert track.words == [*words.split(), "w200", "w201"]


def test_a_clock_that_goes_wrong_costs_no_sessions() -> None:
    for skew in (-2 * HOUR_S, 2 * HOUR_S):
        server, (track,) = heard_for(600.0, at_every_attempt(Expires(3600.0)), DETECTING, skew=skew)
        assert len(server.times) == 1
        assert is_told_once(track, 600.0)


@every()
@pytest.mark.parametrize("code", [1000, 1001, NO_CODE, ABORTED, 1009, 1011, 1012])
def test_a_connection_that_is_closed_kindly_is_lost_like_any_other(
    provider: Provider, code: int
) -> None:
    server, track = heard(provider, Disconnect(AtSecond(3.0), code))
    assert server.attempts == 2
    assert track.words == WORDS


def heard(provider: Provider, *faults: Fault) -> tuple[FaultServer, Track]:
    async def run() -> tuple[FaultServer, Track]:
        loop = asyncio.get_running_loop()
        server = FaultServer(Script((faults,)), wall=loop.time)
        engine = Engine(provider, in_memory(server), Breaker(loop.time))
        track = Track([engine], clock=loop.time, wall=loop.time)
        await track.hear(SPEECH, pace=1.0)
        return server, track

    return run_virtual(run())


@every()
def test_what_was_half_sent_or_half_said_when_the_connection_broke_is_heard_again(
    provider: Provider,
) -> None:
    for fault in (Disconnect(AtSecond(1.3)), Disconnect(Within("completed", 2))):
        _, track = heard(provider, fault)
        assert track.words == WORDS


@every()
def test_a_publisher_that_was_held_up_and_sends_all_at_once_loses_nothing(
    provider: Provider,
) -> None:
    server, track = heard(provider, Stall(AtSecond(2.0), 20.0))
    assert track.words == WORDS
    assert server.attempts <= 2


def test_what_an_outage_costs_is_the_oldest_audio_and_is_said() -> None:
    outage = Script(((Refused(503, retry_after=200.0),),))
    patience = Patience(kept=100.0, outage=60.0, given_up=30.0)
    _, (track,) = heard_for(600.0, outage, DETECTING, patience=patience)
    assert track.gaps[0].start == 0.0
    assert {gap.reason for gap in track.gaps} == {"engine_unavailable"}
    lost = sum(gap.end - gap.start for gap in track.gaps)
    assert 60.0 <= lost <= 200.0
    assert len(track.words) >= 0.8 * (600.0 - lost - 100.0)


def test_an_outage_that_the_tape_can_bear_costs_nothing() -> None:
    _, (track,) = heard_for(600.0, Script(((Refused(503, retry_after=200.0),),)), DETECTING)
    assert track.gaps == []
    assert is_told_once(track, 600.0)


def test_a_reader_of_events_that_stops_for_a_while_costs_nothing() -> None:
    """Such as one that waits for a disk; what is queued for it is bounded."""

    async def run() -> Track:
        loop = asyncio.get_running_loop()
        engine = Engine(DETECTING, in_memory(FaultServer()), Breaker(loop.time))
        track = Track([engine], clock=loop.time, wall=loop.time)
        waiting = track.transcription._events
        track.transcription.events = stopping(track.transcription, 120.0)  # type: ignore[method-assign]
        await track.hear(np.tile(SPEECH, 20), pace=1.0)
        assert 0 < waiting.maxsize <= 1000
        return track

    assert run_virtual(run()).words == WORDS * 20


def stopping(transcription: Transcription, seconds: float) -> Any:
    """Its events, whose reader takes the first and then nothing for so long."""
    original = transcription.events

    async def events() -> AsyncIterator[list[Any]]:
        first = True
        async for batch in original():
            yield batch
            if first:
                await asyncio.sleep(seconds)
            first = False

    return events


def test_other_wishes_are_told_to_another_session_in_the_next_pause() -> None:
    async def run() -> tuple[Clocked, Track]:
        loop = asyncio.get_running_loop()
        server = Clocked(Script(), loop.time)
        engine = Engine(DETECTING, in_memory(server), Breaker(loop.time))
        track = Track([engine], wishes=Wishes("en"), clock=loop.time, wall=loop.time)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(track.hear(np.tile(SPEECH, 3), pace=1.0))
            await asyncio.sleep(10.0)
            track.transcription.wish(Wishes("en"))
            await asyncio.sleep(5.0)
            track.transcription.wish(Wishes("de", ("Kubernetes",)))
        return server, track

    server, track = run_virtual(run())
    assert track.words == WORDS * 3
    assert losses(track) == []
    first, second = [
        session.asked[0]["audio"]["input"]["transcription"] for session in server.sessions
    ]
    assert (first["language"], "keywords" in first) == ("en", False)
    assert (second["language"], second["keywords"]) == ("de", ["Kubernetes"])
    assert server.times[1] == pytest.approx(15.0)


class Breaking:
    """A connection that turns out to be lost just when nobody wants it any more."""

    def __init__(self) -> None:
        self._events: list[Mapping[str, Any]] = [{"type": "session.updated"}]

    async def send(self, message: str) -> None: ...

    async def receive(self) -> Mapping[str, Any]:
        if self._events:
            return self._events.pop()
        try:
            await asyncio.Event().wait()
        finally:
            raise closed("fake", ABORTED)


def test_a_track_that_is_cancelled_ends_though_its_session_is_lost_meanwhile() -> None:
    @asynccontextmanager
    async def connect() -> AsyncIterator[Connection]:
        yield Breaking()

    async def run() -> bool:
        transcription = Transcription(
            [Engine(DETECTING, connect)], Wishes(), sample_rate=SAMPLE_RATE, voice=CodedVoice
        )
        await transcription.send(silence(SAMPLE_RATE))
        running = asyncio.create_task(transcription.run())
        await asyncio.sleep(1.0)
        running.cancel()
        await asyncio.wait([running], timeout=60.0)
        return running.cancelled()

    assert run_virtual(run())


@every()
def test_silence_for_longer_than_is_kept_holds_up_nobody(provider: Provider) -> None:
    pause = silence(400 * SAMPLE_RATE)
    speech = np.concatenate([spoken("w1 w2"), pause, spoken("w3")])
    serial = replace(provider, serial=provider.turns == "manual")
    for silent in (provider, serial):
        track = captioned(Script(), silent, speech)
        assert track.words == ["w1", "w2", "w3"]
        assert track.gaps == []


@pytest.mark.parametrize("name", ["probed", "detecting", "paid", "afterwards"])
def test_who_speaks_for_longer_than_an_answer_may_take_is_not_interrupted(name: str) -> None:
    words = " ".join(f"w{level}" for level in range(1, 126))
    impatient = replace(PROVIDERS[name], completes=5.0)
    track = captioned(Script(), impatient, spoken(words, "w200"))
    assert track.words == [*words.split(), "w200"]
    assert losses(track) == []
