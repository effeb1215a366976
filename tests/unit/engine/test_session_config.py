"""What of a session's configuration can be changed, and how a refusal names what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.driving import SILENCE, DrivenSession

DEFAULT: dict[str, Any] = {
    "format": {"type": "audio/pcm", "rate": 24_000},
    "transcription": {"model": "captioner-live"},
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.35,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 450,
    },
    "noise_reduction": None,
}


def test_a_session_begins_ready_to_transcribe() -> None:
    (created,) = DrivenSession().events
    assert created["type"] == "session.created"
    assert created["session"] == {"type": "transcription", "audio": {"input": DEFAULT}}


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    session = DrivenSession()
    session.update(turn_detection={"type": "server_vad", "silence_duration_ms": 900})
    answer = session.update(transcription={"language": "de"})
    assert answer["type"] == "session.updated"
    effective = answer["session"]["audio"]["input"]
    assert effective["transcription"] == {"model": "captioner-live", "language": "de"}
    assert effective["turn_detection"] == {**DEFAULT["turn_detection"], "silence_duration_ms": 900}


def test_null_turns_turn_detection_off_and_an_object_turns_it_on_again() -> None:
    session = DrivenSession()
    assert (
        session.update(turn_detection=None)["session"]["audio"]["input"]["turn_detection"] is None
    )
    answer = session.update(turn_detection={"type": "server_vad"})
    assert answer["session"]["audio"]["input"]["turn_detection"] == DEFAULT["turn_detection"]


def test_another_format_leaves_nothing_of_the_old_one() -> None:
    answer = DrivenSession().update(format={"type": "audio/pcmu"})
    assert answer["session"]["audio"]["input"]["format"] == {"type": "audio/pcmu"}


@pytest.mark.parametrize(
    ("patch", "code", "param"),
    [
        ({"transcription": {"model": "whisper-1"}}, "invalid_model", "transcription.model"),
        ({"transcription": {"language": "klingon!"}}, "invalid_value", "transcription.language"),
        (
            {"transcription": {"language": "en", "languages": ["de"]}},
            "invalid_value",
            "transcription",
        ),
        ({"transcription": {"keywords": ["<b>"]}}, "invalid_value", "transcription.keywords.0"),
        ({"transcription": {"delay": "low"}}, "unknown_parameter", "transcription.delay"),
        ({"format": {"type": "audio/pcm", "rate": 44_100}}, "invalid_value", "format.rate"),
        ({"format": {"type": "audio/opus"}}, "invalid_value", "format"),
        (
            {"turn_detection": {"type": "semantic_vad"}},
            "unsupported_parameter",
            "turn_detection.type",
        ),
        ({"turn_detection": {"threshold": 7}}, "invalid_value", "turn_detection.threshold"),
        ({"noise_reduction": {"type": "far_field"}}, "unsupported_parameter", "noise_reduction"),
    ],
)
def test_a_refused_update_says_which_field_is_wrong(
    patch: dict[str, Any], code: str, param: str
) -> None:
    session = DrivenSession()
    answer = session.update(**patch)
    assert answer["type"] == "error"
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["code"] == code
    assert answer["error"]["param"] == f"session.audio.input.{param}"
    assert session.update()["session"]["audio"]["input"] == DEFAULT


def test_only_what_exists_can_be_included() -> None:
    answer = DrivenSession().update(include=["item.input_audio_transcription.logprobs"])
    assert answer["error"]["code"] == "unsupported_parameter"
    assert answer["error"]["param"] == "session.include.0"


@pytest.mark.parametrize(
    ("update", "code"),
    [({}, "missing_required_parameter"), ({"type": "realtime"}, "invalid_parameter")],
)
def test_an_update_is_for_a_transcription_session(update: dict[str, Any], code: str) -> None:
    (answer,) = DrivenSession().send("session.update", session=update, event_id="mine")
    assert answer["error"]["code"] == code
    assert answer["error"]["param"] == "session.type"
    assert answer["error"]["event_id"] == "mine"


def test_what_hears_cannot_change_under_buffered_audio() -> None:
    session = DrivenSession()
    session.update(turn_detection=None)
    session.append(SILENCE)
    assert session.update(format={"type": "audio/pcma"})["error"]["code"] == "invalid_parameter"
    assert session.update(transcription={"keywords": ["Ana"]})["type"] == "session.updated"
    session.send("input_audio_buffer.clear")
    assert session.update(format={"type": "audio/pcma"})["type"] == "session.updated"
