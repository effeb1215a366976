from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.audio.pcm import SAMPLE_RATE, silence
from captioner.captions.assembly import Assembly
from captioner.captions.recognition import (
    Committed,
    Completed,
    Delta,
    Expired,
    Failed,
    Hypothesis,
    Segment,
    SpeechStarted,
    SpeechStopped,
)
from captioner.errors import EngineUnavailable
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.dialects import Message
from captioner.realtime.providers import EMBEDDED, without_turns
from captioner.realtime.session import Session

TRANSCRIPTION = "conversation.item.input_audio_transcription"


def started(item: str, ms: int) -> Message:
    return {"type": "input_audio_buffer.speech_started", "item_id": item, "audio_start_ms": ms}


def stopped(item: str, ms: int) -> Message:
    return {"type": "input_audio_buffer.speech_stopped", "item_id": item, "audio_end_ms": ms}


def committed(item: str, previous: str | None = None) -> Message:
    return {
        "type": "input_audio_buffer.committed",
        "item_id": item,
        "previous_item_id": previous,
    }


def said(kind: str, item: str, **fields: object) -> Message:
    return {"type": f"{TRANSCRIPTION}.{kind}", "item_id": item, "content_index": 0, **fields}


def read(messages: list[str]) -> Any:
    """The one message."""
    (message,) = messages
    return json.loads(message)


def error(code: str, event_id: str | None = None) -> Message:
    return {"type": "error", "error": {"code": code, "message": "no", "event_id": event_id}}


UPDATED = {"type": "session.updated"}
SERVER = replace(EMBEDDED, sample_rate=SAMPLE_RATE)


def session_of(wishes: Wishes | None = None, base: float = 0.0, name: str = "") -> Session:
    return Session(Configuration(SERVER, wishes or Wishes()), base, name)


@pytest.fixture
def session() -> Session:
    """A session that was configured, whose first sample is the caller's second 100."""
    session = session_of(base=100.0)
    session.receive(UPDATED)
    return session


def test_the_configuration_asks_for_what_captions_need() -> None:
    wishes = Wishes("pt-BR", keywords=("Kubernetes",), prompt="A talk")
    update = read(session_of(wishes).configure())
    assert update["type"] == "session.update"
    assert update["session"] == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {
                    "model": "captioner-live",
                    "language": "pt-BR",
                    "keywords": ["Kubernetes"],
                    "prompt": "A talk",
                },
                "turn_detection": {"type": "server_vad"},
            }
        },
        "include": [
            "item.input_audio_transcription.hypothesis",
            "item.input_audio_transcription.segments",
        ],
    }


def test_a_session_without_turns_leaves_the_language_open_too() -> None:
    session = Session(Configuration(without_turns(SERVER), Wishes()))
    update = read(session.configure())
    audio = update["session"]["audio"]["input"]
    assert audio["turn_detection"] is None
    assert audio["transcription"] == {"model": "captioner-live"}


def test_samples_travel_in_base64_and_move_the_clock(session: Session) -> None:
    message = read(session.append(np.array([1, -2], np.int16)))
    assert message["type"] == "input_audio_buffer.append"
    assert base64.b64decode(message["audio"]) == b"\x01\x00\xfe\xff"
    session.append(silence(SAMPLE_RATE - 2))
    assert session.position == 101.0


def test_an_utterance_is_told_on_the_callers_clock(session: Session) -> None:
    session.append(silence(5 * SAMPLE_RATE))
    messages = [
        started("a", 1200),
        said("hypothesis", "a", text="Hello", audio_end_ms=1700, language="en"),
        said("delta", "a", delta="Hello"),
        stopped("a", 2500),
        committed("a"),
        {"type": "conversation.item.added", "item": {"id": "a"}, "previous_item_id": None},
        said("segment", "a", text="Hello there", start=0.1, end=1.2),
        said("completed", "a", transcript="Hello there", languages=[{"code": "en"}]),
    ]
    assert [event for message in messages for event in session.receive(message)] == [
        SpeechStarted("a", 101.2),
        Hypothesis("a", "Hello", 101.7, "en"),
        Delta("a", "Hello", 101.7),
        SpeechStopped("a", 102.5),
        Committed("a", None, 101.2, 102.5),
        Segment("a", "Hello there", 101.3, 102.4),
        Completed("a", "Hello there", "en"),
    ]


def test_manual_commits_are_timed_by_the_samples_between_them() -> None:
    session = Session(Configuration(without_turns(SERVER), Wishes()), base=10.0)
    session.receive(UPDATED)
    for seconds in (2, 3):
        session.begin(session.position)
        session.append(silence(seconds * SAMPLE_RATE))
        session.commit()
    session.append(silence(SAMPLE_RATE))
    assert session.receive(said("delta", "a", delta="One")) == [
        SpeechStarted("a", 10.0),
        Delta("a", "One", 16.0),
    ]
    assert session.receive(committed("a")) == [Committed("a", None, 10.0, 12.0)]
    assert session.receive(committed("b", "a")) == [Committed("b", "a", 12.0, 15.0)]


def test_a_commit_of_nothing_is_no_commit(session: Session) -> None:
    session.commit()
    session.append(silence(SAMPLE_RATE))
    session.commit()
    assert session.receive(error("input_audio_buffer_commit_empty")) == []
    assert session.receive(committed("a")) == [Committed("a", None, 100.0, 101.0)]


def test_items_of_two_sessions_never_share_a_name() -> None:
    sessions = [session_of(name=name) for name in ("s1", "s2")]
    one, other = (session.receive(committed("item_2", "item_1")) for session in sessions)
    assert one == [Committed("s1/item_2", "s1/item_1", 0.0, 0.0)]
    assert other == [Committed("s2/item_2", "s2/item_1", 0.0, 0.0)]


def test_failed_items_and_given_up_ones_are_settled(session: Session) -> None:
    session.receive(started("a", 0))
    session.receive(started("b", 500))
    problem = {"type": "server_error", "code": "audio_unintelligible"}
    assert session.receive(said("failed", "a", error=problem)) == [
        Failed("a", "audio_unintelligible")
    ]
    assert session.utterances.names == ("b",)
    assert session.expire("b") == Expired("b")
    assert not session.utterances.names


def test_the_configuration_may_be_refused() -> None:
    session = session_of()
    with pytest.raises(EngineUnavailable, match="no"):
        session.receive(error("invalid_model"))
    with pytest.raises(EngineUnavailable, match="just words"):
        session.receive({"type": "error", "error": "just words"})


def test_later_errors_leave_the_session_open(session: Session) -> None:
    session.receive(started("a", 0))
    for code in ("invalid_event", "input_audio_buffer_commit_empty", "never_heard_of"):
        assert session.receive(error(code)) == []
    assert session.utterances.names == ("a",)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": 7},
        {"type": "input_audio_buffer.tea_break"},
        {"type": "conversation.item.created", "item": {"id": "a"}},
        {"type": f"{TRANSCRIPTION}.rumour", "item_id": "a"},
        {"type": f"{TRANSCRIPTION}.delta"},
        {"type": f"{TRANSCRIPTION}.hypothesis", "item_id": "a", "text": "x"},
        {"type": "input_audio_buffer.speech_started", "item_id": "a", "audio_start_ms": "soon"},
        {"type": f"{TRANSCRIPTION}.completed", "item_id": "a", "transcript": "x", "languages": [1]},
        {"type": "error"},
    ],
)
def test_what_is_not_known_or_not_whole_says_nothing(session: Session, message: Message) -> None:
    assert session.receive(message) == []


def test_everything_before_an_open_item_is_settled(session: Session) -> None:
    session.append(silence(20 * SAMPLE_RATE))
    assert session.settled == 100.0
    for message in (started("a", 3000), started("b", 8000), committed("a")):
        session.receive(message)
    assert session.settled == 103.0
    session.receive(stopped("b", 9000))
    session.receive(said("completed", "b", transcript="B"))
    assert session.settled == 103.0
    session.receive(said("completed", "a", transcript="A"))
    assert session.settled == 120.0


def test_silence_is_settled_once_the_server_has_heard_it(session: Session) -> None:
    session.append(silence(5 * SAMPLE_RATE))
    probe = read(session.probe())
    assert probe["session"] == read(session.configure())["session"]
    session.append(silence(5 * SAMPLE_RATE))
    assert (session.settled, session.unprobed) == (100.0, 5.0)
    session.receive(UPDATED)
    assert (session.heard, session.settled) == (105.0, 104.0)


def test_a_refused_probe_is_answered_too(session: Session) -> None:
    session.append(silence(5 * SAMPLE_RATE))
    session.receive(error("unknown_parameter", read(session.probe())["event_id"]))
    assert session.heard == 105.0


def test_a_session_is_finished_when_all_is_answered_and_settled(session: Session) -> None:
    session.append(silence(SAMPLE_RATE))
    session.receive(started("a", 0))
    assert not session.finished
    assert [json.loads(m)["type"] for m in session.finish()] == [
        "input_audio_buffer.commit",
        "session.update",
    ]
    session.receive(committed("a"))
    session.receive(UPDATED)
    assert not session.finished
    session.receive(said("completed", "a", transcript="A"))
    assert session.finished


@given(data=st.data(), count=st.integers(1, 6))
def test_any_order_of_deliveries_gives_the_finals_in_the_order_of_speech(
    data: st.DataObject, count: int
) -> None:
    """What a server does promise: commits come in the order of the audio, words after them."""
    spoken: list[Message] = []
    heard: dict[str, list[Message]] = {}
    for number in range(count):
        item, previous = f"i{number}", f"i{number - 1}" if number else None
        start = 1000 * number
        spoken += [started(item, start), stopped(item, start + 900), committed(item, previous)]
        heard[item] = [
            said("delta", item, delta="word "),
            said("delta", item, delta=str(number)),
            said("completed", item, transcript=f"word {number}"),
        ]
    session, ids = session_of(), iter(range(100))
    assembly = Assembly("mic", "en", None, lambda: f"u{next(ids)}")
    finals: list[str] = []
    deliverable = [spoken]
    while any(deliverable):
        message = data.draw(st.sampled_from([queue for queue in deliverable if queue])).pop(0)
        if message["type"] == "input_audio_buffer.committed":
            deliverable.append(heard[message["item_id"]])
        for event in session.receive(message):
            finals += [r.caption.text for r in assembly.feed(event) if r.caption.final]
    assert finals == [f"word {number}" for number in range(count)]
    assert not session.utterances.names
