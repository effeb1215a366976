"""The peers of OpenAI and Azure say what the official client reads, and refuse what they do."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import soxr
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent
from openai.types.realtime.realtime_transcription_session_create_response import (
    RealtimeTranscriptionSessionCreateResponse,
)
from pydantic import BaseModel, TypeAdapter

from tests.faults.speech import spoken
from tests.unit.realtime.peers.azure import AzurePeer, AzurePreviewPeer
from tests.unit.realtime.peers.configuration import LOGPROBS, RATE
from tests.unit.realtime.peers.hearing import Ear
from tests.unit.realtime.peers.models import MODELS
from tests.unit.realtime.peers.openai import KEY, OpenAIPeer
from tests.unit.realtime.peers.peer import Answer, Close, Event, Refusal, append
from tests.unit.realtime.peers.talk import COMMIT, events, heard, kinds, transcripts

SERVER: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
BETA_SERVER: TypeAdapter[Any] = TypeAdapter(BetaServerEvent)
BEYOND_THE_TYPES = {"session.id", "session.object", "session.expires_at", "obfuscation"}
"""What the real server sends, and the official client's types of these events leave out."""
ADDRESS = "/v1/realtime?intent=transcription"
BEARER = {"Authorization": f"Bearer {KEY}"}
TURNS = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300}
FINDING_TURNS = [name for name, model in MODELS.items() if not model.live]
LIVE = [name for name, model in MODELS.items() if model.live]


def update(
    model: str = "gpt-live-transcribe",
    transcription: Event | None = None,
    include: list[str] | None = None,
    **heard: object,
) -> Event:
    told = {"model": model, **(transcription or {})}
    audio = {"input": {"transcription": told, **heard}}
    session = {"type": "transcription", "audio": audio, "include": include}
    return {"type": "session.update", "session": session}


def opened(model: str, message: Event | None = None) -> OpenAIPeer:
    peer = OpenAIPeer(model)
    peer.connect(ADDRESS, BEARER)
    assert kinds(peer.receive(message or update(model, turn_detection=None))) == ["session.updated"]
    return peer


def refused(answers: Iterable[Answer] | Refusal) -> tuple[str, str | None]:
    (event,) = events(answers)
    return event["error"]["code"], event["error"]["param"]


def left_over(value: object, path: str = "") -> Iterator[str]:
    """The paths of fields that no type has a place for."""
    if isinstance(value, BaseModel):
        yield from (f"{path}{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from left_over(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from left_over(item, path)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asked", ["turns", "commits", "logprobs"])
def test_every_event_is_one_that_the_official_client_knows(model: str, asked: str) -> None:
    peer = OpenAIPeer(model)
    said = events(peer.connect(ADDRESS, BEARER))
    include = [LOGPROBS] if asked == "logprobs" else None
    turns = TURNS if asked == "turns" else None
    said += events(peer.receive(update(model, turn_detection=turns, include=include)))
    said += heard(peer, "w1 w2", "w3", commit=True)
    peer.failing.append("audio_unintelligible")
    said += heard(peer, "w4", commit=True)
    said += events(peer.receive({"type": "input_audio_buffer.clear"}))
    said += events(peer.receive(COMMIT))
    assert len({event["event_id"] for event in said}) == len(said)
    for event in said:
        assert set(left_over(SERVER.validate_python(event))) <= BEYOND_THE_TYPES
        if event["type"].startswith("session."):
            session = RealtimeTranscriptionSessionCreateResponse.model_validate(event["session"])
            assert not list(left_over(session))


@pytest.mark.parametrize("model", FINDING_TURNS)
def test_turns_are_found_and_written_after_their_commit(model: str) -> None:
    said = heard(opened(model, update(model, turn_detection=TURNS)), "w1 w2", "w3")
    first = kinds(said)[: kinds(said).index("completed") + 1]
    assert first[:5] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    written = {"whisper-1": ["delta"], "gpt-4o-transcribe-diarize": ["delta"] * 2 + ["segment"]}
    assert first[5:] == [*written.get(model, ["delta"] * 2), "completed"]
    assert transcripts(said) == ["w1 w2", "w3"]
    started, stopped, committed, second = (
        [event for event in said if event["type"] == f"input_audio_buffer.{kind}"]
        for kind in ("speech_started", "speech_stopped", "committed", "committed")
    )
    assert [event["audio_start_ms"] for event in started] == [200, 1200]
    assert [event["audio_end_ms"] for event in stopped] == [1200, 1900]
    assert committed[0]["previous_item_id"] is None
    assert second[1]["previous_item_id"] == committed[0]["item_id"] == started[0]["item_id"]


@pytest.mark.parametrize("model", LIVE)
def test_live_models_write_before_the_commit_into_the_item_that_it_makes(model: str) -> None:
    said = heard(opened(model), "w1 w2", commit=True)
    assert kinds(said) == [
        "delta",
        "delta",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "completed",
    ]
    items = {event.get("item_id") or event["item"]["id"] for event in said}
    assert len(items) == 1
    assert "".join(event.get("delta", "") for event in said) == "w1 w2"
    assert transcripts(said) == ["w1 w2"]


@pytest.mark.parametrize("model", FINDING_TURNS)
def test_the_other_models_write_nothing_before_the_commit(model: str) -> None:
    peer = opened(model)
    assert not heard(peer, "w1 w2", "w3")
    assert transcripts(events(peer.receive(COMMIT))) == ["w1 w2 w3"]


def test_a_failed_item_has_no_transcript() -> None:
    peer = opened("gpt-live-transcribe")
    peer.failing.append("audio_unintelligible")
    said = heard(peer, "w1", commit=True)
    assert (kinds(said)[-1], said[-1]["error"]["code"]) == ("failed", "audio_unintelligible")
    assert transcripts(heard(peer, "w2", commit=True)) == ["w2"]


@pytest.mark.parametrize(
    ("address", "headers", "code", "close"),
    [
        (ADDRESS, {}, "invalid_api_key", 3000),
        (ADDRESS, {"authorization": "Bearer sk-other"}, "invalid_api_key", 3000),
        (ADDRESS, BEARER | {"OpenAI-Beta": "realtime=v1"}, "beta_api_shape_disabled", 4000),
        (f"{ADDRESS}&model=gpt-live-transcribe", BEARER, "invalid_model", 4000),
        ("/v1/realtime?model=gpt-live-transcribe", BEARER, "invalid_model", 4000),
        ("/v1/realtime", BEARER, "missing_model", 4000),
    ],
)
def test_who_comes_wrongly_is_let_in_told_and_turned_out(
    address: str, headers: dict[str, str], code: str, close: int
) -> None:
    answers = OpenAIPeer().connect(address, headers)
    assert isinstance(answers, list)
    error, closed = answers
    assert isinstance(error, dict) and isinstance(closed, Close)
    assert (error["error"]["code"], closed.code) == (code, close)


def test_a_conversation_is_no_transcription_session() -> None:
    peer = OpenAIPeer()
    assert kinds(peer.connect("/v1/realtime?model=gpt-realtime-2.1", BEARER)) == ["session.created"]
    assert refused(peer.receive(update())) == ("invalid_parameter", None)


IN = "session.audio.input"


@pytest.mark.parametrize(
    ("model", "given", "code", "param"),
    [
        (
            "gpt-live-transcribe",
            {"transcription": {"language": "en", "languages": ["en"]}},
            "invalid_value",
            f"{IN}.transcription.languages",
        ),
        (
            "gpt-live-transcribe",
            {"transcription": {"languages": []}},
            "invalid_value",
            f"{IN}.transcription.languages",
        ),
        (
            "whisper-1",
            {"transcription": {"language": "en-US"}},
            "invalid_value",
            f"{IN}.transcription.language",
        ),
        (
            "gpt-transcribe",
            {"transcription": {"keywords": ["<b>"]}},
            "invalid_value",
            f"{IN}.transcription.keywords",
        ),
        (
            "gpt-live-transcribe",
            {"transcription": {"delay": "none"}},
            "invalid_value",
            f"{IN}.transcription.delay",
        ),
        (
            "gpt-live-transcribe",
            {"format": {"type": "audio/pcm", "rate": 16000}},
            "invalid_value",
            f"{IN}.format.rate",
        ),
        (
            "gpt-live-transcribe",
            {"format": {"type": "audio/pcm"}},
            "missing_required_parameter",
            f"{IN}.format.rate",
        ),
        ("gpt-live-transcribe", {"volume": 11}, "unknown_parameter", f"{IN}.volume"),
        (
            "gpt-4o-transcribe",
            {"turn_detection": TURNS | {"eagerness": "low"}},
            "unknown_parameter",
            f"{IN}.turn_detection.eagerness",
        ),
        (
            "gpt-4o-transcribe",
            {"noise_reduction": {"type": "middle_field"}},
            "invalid_value",
            f"{IN}.noise_reduction.type",
        ),
    ],
)
def test_what_no_session_may_say_is_refused_by_its_name(
    model: str, given: dict[str, Any], code: str, param: str
) -> None:
    peer = OpenAIPeer(model)
    peer.connect(ADDRESS, BEARER)
    assert refused(peer.receive(update(model, **given))) == (code, param)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["delay", "languages", "keywords", "prompt"])
def test_models_take_what_they_have_and_nothing_else(model: str, name: str) -> None:
    peer = OpenAIPeer(model)
    peer.connect(ADDRESS, BEARER)
    value = {"delay": "low", "languages": ["de"], "keywords": ["Rust"], "prompt": "A talk"}[name]
    answers = peer.receive(update(model, transcription={name: value}))
    if getattr(MODELS[model], name):
        assert kinds(answers) == ["session.updated"]
    else:
        assert refused(answers) == ("unsupported_parameter", f"{IN}.transcription.{name}")


@pytest.mark.parametrize("model", MODELS)
def test_only_some_models_find_turns_and_give_logprobs(model: str) -> None:
    peer = OpenAIPeer(model)
    peer.connect(ADDRESS, BEARER)
    answers = peer.receive(update(model, turn_detection=TURNS))
    if MODELS[model].live:
        assert refused(answers) == ("invalid_value", f"{IN}.turn_detection")
    else:
        assert kinds(answers) == ["session.updated"]
    answers = peer.receive(update(model, turn_detection=None, include=[LOGPROBS]))
    if MODELS[model].logprobs:
        assert kinds(answers) == ["session.updated"]
    else:
        assert refused(answers) == ("invalid_value", "session.include")


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({"type": "transcription_session.update", "session": {}}, "invalid_value", "type"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "invalid_value", "audio"),
        ({"type": "session.update", "session": {"x": 1}}, "unknown_parameter", "session.x"),
        (COMMIT | {"final": True}, "unknown_parameter", "final"),
        (
            {"type": "session.update", "session": {"audio": {}}},
            "missing_required_parameter",
            "session.type",
        ),
        (
            {"type": "session.update", "session": {"type": "transcription", "include": ["x"]}},
            "invalid_value",
            "session.include[0]",
        ),
        (update("gpt-transcribe"), "model_not_found", f"{IN}.transcription.model"),
    ],
)
def test_wrong_events_are_refused_with_their_own_id(message: Event, code: str, param: str) -> None:
    peer = opened("gpt-live-transcribe")
    (answer,) = events(peer.receive(message | {"event_id": "mine"}))
    assert (answer["error"]["code"], answer["error"]["param"]) == (code, param)
    assert answer["error"]["event_id"] == "mine"


def test_a_refused_update_leaves_a_session_that_hears_nothing() -> None:
    peer = OpenAIPeer()
    peer.connect(ADDRESS, BEARER)
    assert refused(peer.receive(update(transcription={"delay": "none"})))
    assert not heard(peer, "w1", "w2")


def test_audio_from_before_the_configuration_is_lost() -> None:
    peer = OpenAIPeer()
    peer.connect(ADDRESS, BEARER)
    assert not heard(peer, "w1")
    peer.receive(update())
    assert transcripts(heard(peer, "w2", commit=True)) == ["w2"]


def test_an_update_swallows_the_audio_in_the_buffer() -> None:
    peer = opened("gpt-live-transcribe")
    heard(peer, "w1 w2")
    assert kinds(peer.receive(update())) == ["session.updated"]
    assert transcripts(heard(peer, "w3", commit=True)) == ["w3"]


def test_an_update_changes_only_what_it_names() -> None:
    peer = opened("gpt-transcribe", update("gpt-transcribe", transcription={"prompt": "A talk"}))
    (updated,) = events(peer.receive(update("gpt-transcribe", turn_detection=None)))
    shown = updated["session"]["audio"]["input"]
    assert shown["transcription"]["prompt"] == "A talk"
    assert shown["turn_detection"] is None


def test_too_little_cannot_be_committed() -> None:
    peer = opened("gpt-live-transcribe")
    peer.receive(append(np.full(RATE * 9 // 100, 1, np.int16)))
    (error,) = events(peer.receive(COMMIT | {"event_id": "c1"}))
    assert error["error"]["code"] == "input_audio_buffer_commit_empty"
    assert error["error"]["event_id"] == "c1"
    peer.receive(append(np.full(RATE // 100, 1, np.int16)))
    assert transcripts(events(peer.receive(COMMIT))) == ["w1"]


def test_where_turns_are_found_a_commit_ends_the_open_one_and_no_silence() -> None:
    peer = opened("gpt-4o-transcribe", update("gpt-4o-transcribe", turn_detection=TURNS))
    heard(peer, "w1")
    assert refused(peer.receive(COMMIT)) == ("input_audio_buffer_commit_empty", None)
    peer.receive(append(np.full(RATE // 5, 2, np.int16)))
    said = events(peer.receive(COMMIT))
    assert "input_audio_buffer.speech_stopped" not in kinds(said)
    assert transcripts(said) == ["w2"]


def test_what_comes_too_fast_is_dropped_without_a_word() -> None:
    peer = opened("gpt-live-transcribe")
    second = [append(np.full(RATE, word, np.int16)) for word in range(1, 9)]
    said = [peer.receive(message, now=0.0) for message in second]
    assert list(itertools.chain.from_iterable(map(kinds, said))) == ["delta", "delta"]
    assert transcripts(events(peer.receive(COMMIT, now=0.0))) == ["w1 w2"]
    assert kinds(peer.receive(second[7], now=1.0)) == ["delta"]


def test_a_session_ends_after_an_hour() -> None:
    peer = opened("gpt-live-transcribe")
    assert peer.receive(append(np.zeros(9, np.int16)), now=0.0) == []
    error, closed = peer.receive(append(np.zeros(9, np.int16)), now=3601.0)
    assert isinstance(error, dict) and error["error"]["code"] == "session_expired"
    assert isinstance(closed, Close) and closed.code == 1001


def test_resampled_speech_is_understood_too() -> None:
    words = " ".join(f"w{level}" for level in (1, 7, 300, 12000, 2, 30000))
    for rate in (16_000, 48_000):
        audio = np.rint(soxr.resample(spoken(words, rate=rate).astype(np.float64), rate, RATE))
        said = [moment.word for moment in Ear(RATE).listen(audio.clip(-32768, 32767).astype("<i2"))]
        assert " ".join(word for word in said if word) == words


AZURE_KEY = {"api-key": "azure-test"}
AZURE_GA = "/openai/v1/realtime?intent=transcription"
AZURE_PREVIEW = "/openai/realtime?api-version=2025-04-01-preview&intent=transcription"


@pytest.mark.parametrize(
    ("peer", "address", "headers", "status"),
    [
        (AzurePeer, AZURE_GA, {}, 401),
        (AzurePeer, AZURE_GA, {"api-key": "other"}, 401),
        (AzurePeer, f"{AZURE_GA}&api-version=2025-04-01-preview", AZURE_KEY, 400),
        (AzurePeer, "/openai/v1/realtime?model=captions", AZURE_KEY, 400),
        (AzurePeer, AZURE_PREVIEW, AZURE_KEY, 404),
        (AzurePreviewPeer, AZURE_PREVIEW, {}, 401),
        (AzurePreviewPeer, AZURE_GA, AZURE_KEY, 404),
        (AzurePreviewPeer, "/openai/realtime?intent=transcription", AZURE_KEY, 404),
        (AzurePreviewPeer, f"{AZURE_PREVIEW}&deployment=captions", AZURE_KEY, 400),
    ],
)
def test_azure_refuses_at_the_handshake(
    peer: type[AzurePeer], address: str, headers: dict[str, str], status: int
) -> None:
    refusal = peer().connect(address, headers)
    assert isinstance(refusal, Refusal) and refusal.status == status


@pytest.mark.parametrize("headers", [AZURE_KEY, {"Authorization": "Bearer azure-test"}])
def test_azure_knows_models_by_their_deployments(headers: dict[str, str]) -> None:
    peer = AzurePeer()
    said = events(peer.connect(AZURE_GA, headers))
    missing = peer.receive(update("gpt-4o-transcribe"))
    assert refused(missing) == ("model_not_found", f"{IN}.transcription.model")
    said += events(peer.receive(update("captions", turn_detection=TURNS)))
    said += heard(peer, "w1", "w2")
    assert transcripts(said) == ["w1", "w2"]
    for event in said:
        assert set(left_over(SERVER.validate_python(event))) <= BEYOND_THE_TYPES


def flat(**session: object) -> Event:
    return {"type": "transcription_session.update", "session": session}


def test_the_preview_of_azure_is_flat() -> None:
    peer = AzurePreviewPeer()
    assert kinds(peer.connect(AZURE_PREVIEW, AZURE_KEY)) == ["transcription_session.created"]
    (updated,) = events(
        peer.receive(
            flat(
                input_audio_format="pcm16",
                input_audio_transcription={"model": "captions", "language": "en"},
                turn_detection=TURNS,
            )
        )
    )
    assert updated["type"] == "transcription_session.updated"
    assert updated["session"]["input_audio_transcription"]["language"] == "en"
    said = heard(peer, "w1", "w2 w3")
    assert transcripts(said) == ["w1", "w2 w3"]
    assert kinds(said)[3] == "conversation.item.created"
    for event in said:
        assert set(left_over(BETA_SERVER.validate_python(event))) <= BEYOND_THE_TYPES


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        (update("captions"), "invalid_value", "type"),
        (flat(type="transcription"), "unknown_parameter", "session.type"),
        (flat(audio={}), "unknown_parameter", "session.audio"),
        (
            flat(input_audio_transcription={"model": "captions", "languages": ["en"]}),
            "unknown_parameter",
            "session.input_audio_transcription.languages",
        ),
        (
            flat(turn_detection={"type": "semantic_vad"}),
            "invalid_value",
            "session.turn_detection.type",
        ),
        (flat(input_audio_format="pcm"), "invalid_value", "session.input_audio_format"),
    ],
)
def test_the_preview_of_azure_does_not_know_the_ga_dialect(
    message: Event, code: str, param: str
) -> None:
    peer = AzurePreviewPeer()
    peer.connect(AZURE_PREVIEW, AZURE_KEY)
    assert refused(peer.receive(message)) == (code, param)
