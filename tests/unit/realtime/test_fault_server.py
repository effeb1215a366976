"""The fault-injecting server itself: each fault does what it says, and nothing else."""

from __future__ import annotations

import asyncio
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.engine.session_config import HYPOTHESIS, SEGMENTS
from captioner.realtime.trouble import Remedy, SessionEnded
from tests.faults import script as faults
from tests.faults.client import CLEAR, COMMIT, Told, told_by, update
from tests.faults.memory import in_memory
from tests.faults.script import (
    ABORTED,
    EXPIRED,
    NO_CODE,
    After,
    AtByte,
    AtSecond,
    Before,
    Death,
    Disconnect,
    Expires,
    Fails,
    HeldBack,
    Lag,
    Late,
    Missing,
    OverSpeed,
    Point,
    Refused,
    Rejects,
    Script,
    Slow,
    Sprinkled,
    Stall,
    SwallowsOnUpdate,
    Twice,
    Unconfigured,
    Unreachable,
    Within,
)
from tests.faults.server import FaultServer
from tests.faults.speech import spoken
from tests.faults.strategies import scripts
from tests.virtual_time import run_virtual

WORDS = ["w1 w2 w3", "w4", "w5 w6"]
SPEECH = spoken(*WORDS)
MANUAL = update(turn_detection=None)
WORD = SAMPLE_RATE // 5


def said(value: int, seconds: float = 0.2) -> Samples:
    return np.full(round(seconds * SAMPLE_RATE), value, np.int16)


# What is heard.


def test_every_word_is_heard() -> None:
    told = told_by(SPEECH)
    assert told.texts == WORDS
    assert "".join(event["delta"] for event in told.of("delta")) == "".join(WORDS)
    assert told.end is None


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_words_are_heard_at_either_rate(rate: int) -> None:
    configure = update(format={"type": "audio/pcm", "rate": rate})
    told = told_by(configure, spoken(*WORDS, rate=rate), rate=rate)
    assert told.texts == WORDS
    assert [event["audio_start_ms"] for event in told.of("speech_started")] == [500, 1600, 2300]


@given(st.lists(st.integers(1, 40_000), max_size=20))
def test_any_split_of_the_audio_is_heard_alike(sizes: list[int]) -> None:
    parts = np.split(SPEECH, np.cumsum(sizes).tolist())
    assert _timeless(told_by(*parts, pace=inf)) == _timeless(told_by(SPEECH, pace=inf))


def _timeless(told: Told) -> list[dict[str, object]]:
    return [{k: v for k, v in event.items() if k != "event_id"} for event in told.all]


def test_a_word_that_is_cut_is_not_a_word() -> None:
    quiet = silence(SAMPLE_RATE // 2)
    assert told_by(said(1), said(2, 0.1), quiet).texts == ["w1 w2~"]
    assert told_by(said(1), said(2, 0.3), quiet).texts == ["w1 w2+"]
    assert told_by(said(1, 0.1), COMMIT, said(1, 0.1), said(2), quiet).texts == ["w1~", "~w1 w2"]
    assert told_by(said(1), COMMIT, said(2), quiet).texts == ["w1", "w2"]


def test_without_turn_detection_the_client_commits() -> None:
    told = told_by(MANUAL, SPEECH, COMMIT, silence(WORD), COMMIT)
    assert told.texts == [" ".join(WORDS), ""]
    assert told.kinds[:3] == ["created", "updated", "delta"]
    assert not told.of("speech_started")


def test_the_accurate_model_tells_words_after_the_commit() -> None:
    accurate = update(transcription={"model": "captioner-accurate"})
    kinds = told_by(accurate, SPEECH).kinds
    assert kinds[2:8] == [
        "speech_started",
        "speech_stopped",
        "committed",
        "added",
        "done",
        "delta",
    ]


def test_tails_and_times_come_to_those_who_ask() -> None:
    told = told_by(update((HYPOTHESIS, SEGMENTS)), SPEECH)
    assert [event["text"] for event in told.of("hypothesis")][:4] == ["w1", "", " w2", ""]
    times = [(event["text"], event["start"], event["end"]) for event in told.of("segment")]
    assert times == [("w1 w2 w3", 0.0, 0.6), ("w4", 0.0, 0.2), ("w5 w6", 0.0, 0.4)]


def test_what_is_cleared_is_not_heard() -> None:
    told = told_by(MANUAL, said(1), CLEAR, said(2), COMMIT)
    assert told.texts == ["w2"]


# How sessions end.


@pytest.mark.parametrize(
    ("point", "kinds"),
    [
        (Before("created"), []),
        (Before("updated"), ["created"]),
        (After("speech_started"), ["created", "updated", "speech_started"]),
        (AtSecond(0.65), ["created", "updated", "speech_started"]),
        (Before("committed"), ["created", "updated", "speech_started", "delta", "speech_stopped"]),
    ],
    ids=str,
)
def test_a_session_ends_at_its_point(point: Point, kinds: list[str]) -> None:
    told = told_by(update(), spoken("w1"), faults=(Disconnect(point, 1011),))
    assert told.kinds == kinds
    assert told.end is not None and "(1011)" in str(told.end)


def test_a_session_ends_between_commit_and_completion() -> None:
    told = told_by(SPEECH, faults=(Disconnect(Before("completed", 2)),))
    assert told.texts == WORDS[:1]
    assert len(told.of("committed")) == 2


@given(st.integers(1, 200_000))
def test_a_session_ends_at_any_byte(byte: int) -> None:
    told = told_by(SPEECH, faults=(Disconnect(AtByte(byte)),), pace=inf)
    whole = told_by(SPEECH, pace=inf)
    assert told.end is not None
    assert told.kinds == whole.kinds[: len(told.kinds)]


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (Disconnect(AtSecond(1.0), 1000), Remedy.RETRY),
        (Disconnect(AtSecond(1.0), 1001, EXPIRED), Remedy.RENEW),
        (Disconnect(AtSecond(1.0), NO_CODE), Remedy.RETRY),
        (Disconnect(AtSecond(1.0), ABORTED), Remedy.RETRY),
        (Disconnect(AtSecond(1.0), 1009), Remedy.RETRY),
        (Disconnect(AtSecond(1.0), 1013), Remedy.WAIT),
        (Disconnect(Before("created"), 3000, error="invalid_api_key"), Remedy.REFUSED),
        (Disconnect(AtSecond(1.0), 4000), Remedy.REFUSED),
        (Disconnect(Within("delta")), Remedy.RETRY),
        (Expires(1.0), Remedy.RENEW),
    ],
    ids=str,
)
def test_an_end_says_what_to_do_about_it(fault: Disconnect | Expires, remedy: Remedy) -> None:
    told = told_by(SPEECH, faults=(fault,))
    assert told.end is not None and told.end.remedy is remedy


def test_an_error_may_come_before_the_end() -> None:
    told = told_by(SPEECH, faults=(Disconnect(AtSecond(1.0), 1001, error="session_expired"),))
    assert told.all[-1]["error"]["code"] == "session_expired"


def test_a_session_that_expires_says_so_at_the_beginning_and_at_the_end() -> None:
    server = FaultServer(Script(((Expires(2.0),),)), wall=lambda: 1000.0)
    told = told_by(SPEECH, server=server)
    assert told.all[0]["session"]["expires_at"] == 1002
    assert told.ended_at == pytest.approx(2.0)
    assert told.all[-1]["error"]["code"] == "session_expired"
    silent = told_by(SPEECH, faults=(Expires(2.0, announced=False, warned=False),))
    assert "expires_at" not in silent.all[0]["session"]
    assert silent.ended_at == pytest.approx(2.0) and "error" not in silent.kinds


def test_the_dead_take_everything_and_answer_nothing() -> None:
    server = FaultServer(Script(((Death(After("speech_started")), Expires(1.0)),)))
    told = told_by(SPEECH, server=server)
    assert told.kinds == ["created", "speech_started"]
    assert told.end is None
    assert server.sessions[0].heard_s == pytest.approx(len(SPEECH) / SAMPLE_RATE)


def test_handshakes_are_refused_in_turn() -> None:
    script = Script(((Refused(429, 2.0),), (Refused(503),), (Unreachable(1.0),)))
    server = FaultServer(script)

    async def connect() -> list[tuple[Remedy, float | None]]:
        ends = []
        for _ in script.attempts:
            with pytest.raises(SessionEnded) as refused:
                async with in_memory(server)():
                    pass
            ends.append((refused.value.remedy, refused.value.retry_after))
        async with in_memory(server)() as connection:
            assert (await connection.receive())["type"] == "session.created"
        return ends

    ends = run_virtual(connect())
    assert ends == [(Remedy.WAIT, 2.0), (Remedy.WAIT, None), (Remedy.RETRY, None)]
    assert (server.attempts, len(server.sessions)) == (4, 1)


# What it refuses, loses and delays.


def test_an_option_is_rejected_while_it_is_there() -> None:
    with_keywords = update(transcription={"keywords": ["Ada"], "language": "de"})
    without = update(transcription={"language": "de"})
    told = told_by(with_keywords, without, SPEECH, faults=(Rejects("keywords"),))
    assert told.kinds[:3] == ["created", "error", "updated"]
    error = told.all[1]["error"]
    assert error["code"] == "invalid_value"
    assert error["param"] == "session.audio.input.transcription.keywords"
    assert told.texts == WORDS


@pytest.mark.parametrize(
    ("option", "updated"),
    [
        ("turn_detection", update(turn_detection={"type": "server_vad"})),
        ("include", update((HYPOTHESIS,))),
    ],
)
def test_any_option_can_be_rejected(option: str, updated: dict[str, object]) -> None:
    told = told_by(updated, faults=(Rejects(option),))
    assert told.all[1]["error"]["param"].endswith(option)


def test_what_comes_before_the_configuration_may_be_lost() -> None:
    told = told_by(spoken("w1"), update(), spoken("w2"), faults=(Unconfigured(),))
    assert told.texts == ["w2"]
    assert told.of("speech_started")[0]["audio_start_ms"] == 500


def test_an_update_may_swallow_what_is_buffered() -> None:
    told = told_by(update(), said(1), update(), spoken("w2"), faults=(SwallowsOnUpdate(),))
    assert told.texts == ["w2"]
    assert "cleared" not in told.kinds


def test_audio_over_speed_is_dropped_without_a_word() -> None:
    long = spoken(*WORDS * 4)
    fast = FaultServer(Script(((OverSpeed(4.0, burst_s=1.0),),)))
    assert told_by(long, server=fast, pace=8.0).texts != WORDS * 4
    assert fast.sessions[0].dropped_s == pytest.approx(len(long) / SAMPLE_RATE / 2 - 1.0, abs=0.2)
    assert told_by(long, faults=(OverSpeed(4.0, burst_s=1.0),), pace=3.0).texts == WORDS * 4


def test_a_stalled_server_lets_the_sender_wait_and_then_hears_everything() -> None:
    long = spoken(*WORDS * 4)
    told = told_by(long, faults=(Stall(AtSecond(0.2), 20.0),), pace=inf)
    assert told.texts == WORDS * 4
    assert told.times("speech_started")[0] == pytest.approx(20.0)

    async def most_that_is_taken() -> int:
        async with in_memory(FaultServer(Script(((Stall(AtSecond(0.0), inf),),))))() as connection:
            for number in range(10_000):
                try:
                    async with asyncio.timeout(1.0):
                        await connection.send("x" * 10_000)
                except TimeoutError:
                    return number
        return -1

    assert 0 < run_virtual(most_that_is_taken()) < 100


def test_a_slow_server_reads_at_its_own_pace() -> None:
    told = told_by(SPEECH, faults=(Slow(0.5),), pace=inf)
    assert told.texts == WORDS
    assert told.times("completed")[-1] == pytest.approx(2 * 3.0, abs=0.2)


def test_everything_may_come_late() -> None:
    punctual, late = told_by(SPEECH), told_by(SPEECH, faults=(Lag(2.0),))
    assert late.kinds == punctual.kinds
    shifted = [when + 2.0 for when, _ in punctual.events]
    assert [when for when, _ in late.events] == pytest.approx(shifted)


# What happens to single events.


def test_an_event_may_be_missing() -> None:
    assert told_by(SPEECH, faults=(Missing("completed", 2),)).texts == [WORDS[0], WORDS[2]]
    told = told_by(SPEECH, faults=(Missing("delta"),))
    assert not told.of("delta") and told.texts == WORDS


def test_an_event_may_be_late() -> None:
    told = told_by(SPEECH, faults=(Late("completed", 1, 30.0),))
    assert told.texts == [*WORDS[1:], WORDS[0]]
    punctual = told_by(SPEECH).times("completed")[0]
    assert told.times("completed")[-1] == pytest.approx(punctual + 30.0)


def test_an_event_may_be_held_back_behind_others() -> None:
    kinds = told_by(SPEECH, faults=(HeldBack("completed", 1, 3),)).kinds
    first = kinds.index("completed")
    assert kinds[first - 3 : first] == ["speech_started", "delta", "speech_stopped"]


def test_an_event_may_come_twice_at_once_or_later() -> None:
    told = told_by(SPEECH, faults=(Twice("committed", 1), Twice("completed", 2, 5.0)))
    items = [event["item_id"] for event in told.of("committed")]
    assert items == ["item_1", "item_1", "item_2", "item_3"]
    assert told.texts == [*WORDS, WORDS[1]]


def test_an_item_may_fail() -> None:
    told = told_by(SPEECH, faults=(Fails(2),))
    assert told.texts == [WORDS[0], WORDS[2]]
    assert [event["item_id"] for event in told.of("failed")] == ["item_2"]


def test_unknown_events_and_fields_may_be_sprinkled_in() -> None:
    told = told_by(SPEECH, faults=(Sprinkled(2),))
    assert told.texts == WORDS
    assert {"rate_limits.updated", "conversation.item.created"} <= {e["type"] for e in told.all}
    assert all("obfuscation" in event for event in told.of("completed"))


# Scripts.


def test_faults_are_of_one_session_and_later_ones_are_healthy() -> None:
    server = FaultServer(Script(((Disconnect(After("created")),), (Fails(1),)), (Lag(0.1),)))
    first, second, third = (told_by(SPEECH, server=server) for _ in range(3))
    assert first.kinds == ["created"]
    assert second.texts == WORDS[1:]
    assert third.texts == WORDS
    assert third.times("completed") == pytest.approx([1.5, 2.2, 3.1], abs=0.2)


@given(scripts(final=True, losing=True))
def test_any_script_is_survived_in_the_end_and_says_what_it_is(script: Script) -> None:
    assert eval(repr(script), dict(vars(faults))) == script
    server = FaultServer(script)
    for _ in script.attempts:
        try:
            told_by(update(), SPEECH, server=server)
        except SessionEnded:
            pass
    assert told_by(update(), SPEECH, server=server).texts == WORDS
