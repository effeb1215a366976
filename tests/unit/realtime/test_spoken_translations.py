"""A track in another language over sessions that are lost, refused and replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

from captioner.audio.pcm import Samples, silence
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import connector
from captioner.realtime.heard import AudioLost
from captioner.realtime.partners import HearingPartner
from captioner.realtime.spoken_translations import (
    HeardUntil,
    Hearing,
    SpokenTranslations,
    Told,
    Translated,
)
from captioner.realtime.trouble import Remedy, SessionEnded
from tests.unit.realtime.interpreting import PARTNER, InterpretingServer
from tests.unit.realtime.peers.interpreting import InterpretingPeer
from tests.virtual_time import run_virtual

START = 100.0
NOISE = (2000 * np.sin(np.arange(24_000) / 7)).astype(np.int16)
"""A second of it."""
PUNCTUAL = replace(PARTNER, lag=0.0)


class Track:
    """What is told of a track that is heard in the loop's time."""

    def __init__(self, hearing: Hearing, rate: int = 24_000) -> None:
        self.told: list[Told] = []
        time = asyncio.get_running_loop().time
        self.translations = SpokenTranslations(
            hearing, "fr", self.told.append, start=START, rate=rate, clock=time, wall=time
        )

    async def speak(self, seconds: float, samples: Callable[[], Samples] = lambda: NOISE) -> None:
        """As fast as it is spoken, a fifth of a second at a time."""
        for _ in range(round(5 * seconds)):
            self.translations.hear(samples()[:4800])
            await asyncio.sleep(0.2)

    @property
    def words(self) -> str:
        return "".join(told.text for told in self.told if isinstance(told, Translated))

    @property
    def times(self) -> list[float]:
        return [round(told.time, 3) for told in self.told if isinstance(told, Translated)]

    @property
    def lost(self) -> list[tuple[float, float]]:
        gaps = [told for told in self.told if isinstance(told, AudioLost)]
        return [(round(gap.start, 3), round(gap.end, 3)) for gap in gaps]


async def spoken(hearing: Hearing, seconds: float, **options: Any) -> Track:
    """A track of so many seconds, told to its end."""
    track = Track(hearing, **options)
    running = asyncio.create_task(track.translations.run())
    await track.speak(seconds)
    track.translations.end()
    await running
    assert track.told[-1] == HeardUntil(inf)
    return track


def server(*peers: InterpretingPeer) -> InterpretingServer:
    return InterpretingServer(peers)


def interpreted(serving: InterpretingServer, seconds: float, **options: Any) -> Track:
    partner: HearingPartner = options.pop("partner", PUNCTUAL)
    return run_virtual(spoken(serving.hearing(partner), seconds, **options))


def test_a_track_is_heard_to_its_last_word_on_the_callers_clock() -> None:
    serving = server()
    track = interpreted(serving, 5.0)
    assert track.words == "w0 w1 w2 w3 w4"
    assert track.times == [101.0, 102.0, 103.0, 104.0, 105.0]
    assert track.lost == []
    (session,) = serving.sessions
    assert session.language == "fr" and session.closing
    assert session.audio == NOISE[:4800].tobytes() * 25


def test_words_are_taken_to_be_said_before_they_are_told() -> None:
    track = interpreted(server(), 3.0, partner=replace(PARTNER, lag=2.0))
    assert track.times == [100.0, 100.0, 101.0]


def test_other_rates_are_made_the_one_that_it_hears() -> None:
    serving = server()
    track = interpreted(serving, 5.0, rate=16_000)
    assert round(serving.sessions[0].seconds) == 8  # a fifth of a second of it is 0.3 s there
    assert len(track.words.split()) == 7


def test_the_last_frame_is_filled_up_with_silence() -> None:
    async def scenario() -> None:
        serving = server()
        track = Track(serving.hearing(PUNCTUAL))
        track.translations.hear(NOISE[:1200])
        track.translations.end()
        await track.translations.run()
        assert serving.sessions[0].audio == NOISE[:1200].tobytes() + bytes(7200)

    run_virtual(scenario())


def test_no_session_is_opened_before_there_is_anything_to_hear() -> None:
    async def scenario() -> None:
        serving = server()
        track = Track(serving.hearing())
        running = asyncio.create_task(track.translations.run())
        await asyncio.sleep(3600)
        track.translations.end()
        await running
        assert serving.sessions == [] and track.told[-1] == HeardUntil(inf)

    run_virtual(scenario())


def test_after_a_lost_session_another_goes_on_and_what_was_not_told_is_a_gap() -> None:
    serving = server(InterpretingPeer("cut off", after=3.4))
    track = interpreted(serving, 8.0)
    assert track.words == "w0 w1 w0 w1 w2 w3"
    assert track.lost == [(102.0, 103.4)]
    assert [session.seconds for session in serving.sessions] == [3.4, 4.6]
    assert track.times[2:] == [104.4, 105.4, 106.4, 107.4]


def test_an_expired_session_is_followed_at_once() -> None:
    serving = server(InterpretingPeer("expired", after=20.0))
    track = interpreted(serving, 25.0)
    assert [session.seconds for session in serving.sessions] == [20.0, 5.0]
    assert track.lost == [(119.0, 120.0)]


def test_a_session_gives_way_to_another_in_a_pause_after_50_of_60_minutes() -> None:
    async def scenario() -> Track:
        track = Track(serving.hearing(PUNCTUAL))
        running = asyncio.create_task(track.translations.run())
        await track.speak(51 * 60)
        assert len(serving.sessions) == 1, "nobody paused"
        await track.speak(1.0, lambda: silence(4800))
        assert len(serving.sessions) == 2
        await track.speak(20.0)
        track.translations.end()
        await running
        return track

    serving = server()
    track = run_virtual(scenario())
    assert track.lost == []
    assert sum(session.seconds for session in serving.sessions) == 51 * 60 + 21
    assert len(track.words.split()) == 51 * 60 + 20


def test_who_never_pauses_is_interrupted_before_the_session_expires() -> None:
    serving = server()
    track = interpreted(serving, 60 * 60)
    first, second = [session.seconds for session in serving.sessions]
    assert 56 * 60 < first < 58 * 60 and first + second == 60 * 60
    assert track.lost == []


def test_a_session_that_says_when_it_expires_is_replaced_before() -> None:
    serving = server(InterpretingPeer(expires_at=120))
    interpreted(serving, 120)
    assert serving.sessions[0].seconds == pytest.approx(114, abs=1)


def test_a_session_that_does_not_close_is_not_waited_for_for_ever() -> None:
    track = interpreted(server(InterpretingPeer("never closes")), 3.4)
    assert track.words == "w0 w1 w2"
    assert track.lost == [(103.0, 103.4)]


class Refusing:
    """A server that nobody gets into, for its first so many seconds."""

    def __init__(self, seconds: float, remedy: Remedy = Remedy.RETRY) -> None:
        self.serving = InterpretingServer()
        self.attempts: list[float] = []
        self._seconds = seconds
        self._remedy = remedy

    @asynccontextmanager
    async def connect(self) -> Any:
        now = asyncio.get_running_loop().time()
        self.attempts.append(now)
        if now < self._seconds:
            raise SessionEnded("openai cannot be reached", self._remedy)
        async with self.serving.connect() as connection:
            yield connection

    async def spoken(self, seconds: float) -> Track:
        breaker = Breaker(asyncio.get_running_loop().time, lambda: 1.0, work="translation")
        return await spoken(Hearing(PUNCTUAL, self.connect, breaker), seconds)


def test_what_was_said_during_a_short_outage_is_heard_after_it() -> None:
    refusing = Refusing(10.0)
    track = run_virtual(refusing.spoken(40.0))
    assert track.lost == []
    assert len(track.words.split()) == 40


def test_of_a_long_outage_what_is_too_old_is_a_gap() -> None:
    refusing = Refusing(60.0)
    track = run_virtual(refusing.spoken(120.0))
    assert track.lost[0][0] == START
    heard = sum(session.seconds for session in refusing.serving.sessions)
    lost = sum(end - start for start, end in track.lost)
    assert lost + heard == pytest.approx(120.0)
    assert 30.0 <= lost <= 60.0
    assert track.times[0] == pytest.approx(START + lost + 1.0)


def test_whoever_waits_for_the_end_does_not_wait_for_a_server_that_is_away() -> None:
    async def scenario() -> None:
        track = await refusing.spoken(5.0)
        assert track.lost == [(100.0, 105.0)]
        assert asyncio.get_running_loop().time() < 10.0

    refusing = Refusing(inf, Remedy.REFUSED)
    run_virtual(scenario())
    assert len(refusing.attempts) == 1, "a key that is refused is not tried again"


def test_a_wrong_key_that_is_told_in_the_session_is_not_tried_again_for_a_while() -> None:
    serving = server(*[InterpretingPeer("wrong key") for _ in range(99)])
    track = interpreted(serving, 30.0)
    assert len(serving.sessions) == 1
    assert track.words == ""


def test_silence_that_nobody_heard_is_no_gap() -> None:
    async def scenario() -> Sequence[Any]:
        track = Track(Hearing(PUNCTUAL, Refusing(inf).connect))
        running = asyncio.create_task(track.translations.run())
        await track.speak(5.0, lambda: silence(4800))
        track.translations.end()
        await running
        return track.lost

    assert run_virtual(scenario()) == []


@pytest.mark.anyio
async def test_over_real_sockets_a_session_is_cut_off_and_another_goes_on() -> None:
    serving = server(InterpretingPeer("cut off", after=1.4))
    async with serving.on_sockets() as url:
        connect = connector(f"{url}/v1/realtime/translations?model=m", server="openai")
        track = Track(Hearing(PUNCTUAL, connect))
        running = asyncio.create_task(track.translations.run())
        for _ in range(5):
            track.translations.hear(NOISE)
        track.translations.end()
        await running
    assert serving.addresses[0] == "/v1/realtime/translations?model=m"
    assert track.told[-1] == HeardUntil(inf)
