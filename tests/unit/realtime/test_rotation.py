"""One session after another without a loss: before the time of one is over, and between servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, note, seed, settings

from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.metrics import Metrics
from captioner.realtime.breaker import Breaker
from captioner.realtime.engines import Engine
from captioner.realtime.patience import Patience
from captioner.realtime.providers import Provider
from tests.faults.script import AtSecond, Disconnect, Expires, Fault, Refused, Unreachable
from tests.realtime_faults import FaultServer, Script, in_memory, scripts, spoken
from tests.unit.realtime.test_survival import (
    LENGTH_S,
    PLAIN,
    PROVIDERS,
    SEED,
    SPEECH,
    UTTERANCES,
)
from tests.unit.realtime.track import Track
from tests.virtual_time import run_virtual

LONGEST_S = 24 * 3600.0
WORDS = " ".join(UTTERANCES).split()
CALM = Script()


class Meeting:
    """A track spoken at its true pace, to servers that do what their scripts say."""

    def __init__(
        self,
        speech: Samples | Iterator[Samples],
        *servers: tuple[Provider, Script],
        patience: Patience | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.servers: list[FaultServer] = []
        self.track = run_virtual(self._hear(speech, servers, patience), longest_s=LONGEST_S)

    async def _hear(
        self,
        speech: Samples | Iterator[Samples],
        servers: Sequence[tuple[Provider, Script]],
        patience: Patience | None,
    ) -> Track:
        loop = asyncio.get_running_loop()
        engines = []
        for number, (provider, script) in enumerate(servers):
            server = FaultServer(script, wall=loop.time)
            self.servers.append(server)
            provider = replace(provider, name=f"engine-{number}")
            engines.append(Engine(provider, in_memory(server), Breaker(loop.time)))
        track = Track(
            engines, patience=patience, metrics=self.metrics, clock=loop.time, wall=loop.time
        )
        await track.hear(speech, pace=1.0)
        return track

    def count(self, metric: str, **labels: str) -> float:
        """What a counter says."""
        value = self.metrics.registry.get_sample_value(f"captioner_{metric}_total", labels)
        return value or 0.0

    def rotations(self, kind: str, engine: str = "engine-0") -> float:
        return self.count("session_rotations", engine=engine, kind=kind)

    @property
    def lost(self) -> float:
        """Sessions that ended before their work was done."""
        samples = [s for metric in self.metrics.registry.collect() for s in metric.samples]
        return sum(s.value for s in samples if s.name == "captioner_sessions_lost_total")


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_a_session_gives_way_to_the_next_in_a_pause(provider: Provider) -> None:
    meeting = Meeting(SPEECH, (replace(provider, lifetime=4.0), CALM))
    assert meeting.track.words == WORDS
    assert meeting.rotations("pause") >= 2
    assert (meeting.rotations("forced"), meeting.lost) == (0, 0)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_a_server_may_say_when_the_session_will_end(provider: Provider) -> None:
    words = [f"w{number}" for number in range(1, 91)]
    meeting = Meeting(spoken(*words, pause_s=1.0), (provider, Script(((Expires(70.0),),))))
    assert meeting.track.words == words
    assert meeting.rotations("pause") >= 1
    assert (meeting.rotations("forced"), meeting.lost) == (0, 0)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_without_a_pause_the_next_session_hears_the_open_utterance_again(
    provider: Provider,
) -> None:
    words = [f"w{number}" for number in range(1, 61)]
    meeting = Meeting(spoken(" ".join(words)), (replace(provider, lifetime=8.0), CALM))
    assert meeting.track.words == words
    assert meeting.rotations("forced") >= 1
    assert meeting.lost == 0


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
@seed(SEED)
@settings(max_examples=60, **PLAIN)
@given(scripts(LENGTH_S))
def test_rotation_among_faults_loses_no_word_and_doubles_none(
    provider: Provider, script: Script
) -> None:
    note(f"FAULT_SEED={SEED}")
    meeting = Meeting(SPEECH, (replace(provider, lifetime=4.0), script))
    assert meeting.track.words == WORDS
    assert meeting.track.gaps == []


def test_the_next_engine_takes_over_within_seconds_and_the_first_is_taken_back() -> None:
    gone: tuple[Fault, ...] = (Unreachable(),)
    script = Script(((Disconnect(AtSecond(3.0)),), gone, gone, gone, gone))
    provider = PROVIDERS["manual"]
    speech = spoken(*UTTERANCES, *(f"w{number}" for number in range(16, 40)), pause_s=1.0)
    meeting = Meeting(speech, (provider, script), (PROVIDERS["probed"], CALM))
    assert meeting.track.words == [f"w{number}" for number in range(1, 40)]
    assert [upstream.engine for upstream in meeting.track.upstream if upstream.engine] == [
        "engine-0",
        "engine-1",
        "engine-0",
    ]
    assert [upstream.standby for upstream in meeting.track.upstream if upstream.engine] == [
        False,
        True,
        False,
    ]
    assert meeting.rotations("pause", "engine-1") == 1
    assert meeting.lost == 1


def test_a_wrong_key_is_told_once_and_not_hammered() -> None:
    script = Script(tuple((Refused(401),) for _ in range(1000)))
    meeting = Meeting(
        spoken("w1", pause_s=300.0),
        (PROVIDERS["manual"], script),
        (PROVIDERS["probed"], Script(((Refused(503),), (Refused(503),), (Refused(503),)))),
    )
    assert meeting.track.words == ["w1"]
    assert meeting.servers[0].attempts <= 8, "once a minute at most, in ten minutes"
    told = [upstream.trouble for upstream in meeting.track.upstream if upstream.engine is None]
    assert told[0] is not None and "fake does not accept the key (401)" in told[0]
    assert len(told) == 1


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
@seed(SEED)
@settings(max_examples=60, **PLAIN)
@given(scripts(LENGTH_S, final=True), scripts(LENGTH_S))
def test_engines_that_stand_in_for_each_other_lose_no_word(
    provider: Provider, first: Script, second: Script
) -> None:
    note(f"FAULT_SEED={SEED}")
    meeting = Meeting(SPEECH, (provider, first), (PROVIDERS["probed"], second))
    assert meeting.track.words == WORDS
    assert meeting.track.gaps == []


def three_hours() -> Iterator[Samples]:
    """Utterances of 1 to 12 words, none of them said twice, with pauses of a second."""
    word, seconds = 0, 0.0
    while seconds < 3 * 3600:
        size = 1 + (word * 7) % 12
        speech = spoken(" ".join(f"w{word + n + 1}" for n in range(size)))
        word, seconds = word + size, seconds + speech.size / SAMPLE_RATE
        yield speech


def words_of_three_hours() -> list[str]:
    word, seconds = 0, 0.0
    while seconds < 3 * 3600:
        size = 1 + (word * 7) % 12
        word, seconds = word + size, seconds + 1.0 + 0.2 * size
    return [f"w{number}" for number in range(1, word + 1)]


@pytest.mark.parametrize("provider", ["probed", "manual"])
def test_three_hours_with_a_kill_every_two_minutes_and_three_rotations(provider: str) -> None:
    kill: tuple[Fault, ...] = (Disconnect(AtSecond(120.0)),)
    rotation: tuple[Fault, ...] = (Expires(100.0),)
    attempts = [rotation if number in (20, 40, 60) else kill for number in range(200)]
    meeting = Meeting(
        three_hours(), (replace(PROVIDERS[provider], lifetime=3600.0), Script(tuple(attempts)))
    )
    assert meeting.track.words == words_of_three_hours()
    assert meeting.track.gaps == []
    assert meeting.rotations("pause") == 3
    assert meeting.lost >= 80
    starts = [caption.start for caption in meeting.track.captions if caption.final]
    assert starts == sorted(starts)
