"""The peers of servers that others run: what is peculiar to each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from captioner.audio.pcm import silence
from tests.unit.realtime.peers import speaches, vllm
from tests.unit.realtime.peers.carrier import serving
from tests.unit.realtime.peers.localai import LocalAIPeer
from tests.unit.realtime.peers.openai import KEY, OpenAIPeer
from tests.unit.realtime.peers.peer import Close, Event, Peer, Refusal, append
from tests.unit.realtime.peers.speaches import SpeachesPeer
from tests.unit.realtime.peers.talk import COMMIT, events, heard, kinds, transcripts
from tests.unit.realtime.peers.vllm import VllmPeer

LOCALAI = "/v1/realtime?model=meeting"
SPEACHES = "/v1/realtime?model=tiny&intent=transcription"
VLLM = "/v1/realtime"
TURNS = {"type": "server_vad", "silence_duration_ms": 500}
BOUNDS = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
]


def update(session: Event) -> Event:
    return {"type": "session.update", "session": session}


def transcription(**heard: object) -> Event:
    return update({"type": "transcription", "audio": {"input": heard}})


def errors(answers: list[Any] | Refusal) -> list[Event]:
    return [event["error"] for event in events(answers) if event["type"] == "error"]


@pytest.mark.parametrize(
    ("peer", "address", "headers", "status"),
    [
        (LocalAIPeer("k"), LOCALAI, {}, 401),
        (LocalAIPeer("k"), LOCALAI, {"Authorization": "Bearer other"}, 401),
        (SpeachesPeer("k"), SPEACHES, {}, 403),
        (SpeachesPeer("k"), f"{SPEACHES}&api_key=other", {}, 403),
        (SpeachesPeer(), "/v1/realtime?intent=transcription", {}, 403),
        (VllmPeer(key="k"), VLLM, {"api-key": "k"}, 401),
    ],
)
def test_who_has_no_key_is_refused_at_the_handshake(
    peer: Peer, address: str, headers: dict[str, str], status: int
) -> None:
    refusal = peer.connect(address, headers)
    assert isinstance(refusal, Refusal) and refusal.status == status


@pytest.mark.parametrize(
    ("peer", "address", "headers"),
    [
        (LocalAIPeer("k"), LOCALAI, {"X-API-Key": "k"}),
        (SpeachesPeer("k"), SPEACHES, {"X-API-Key": "k"}),
        (SpeachesPeer("k"), f"{SPEACHES}&api_key=k", {}),
        (VllmPeer(key="k"), VLLM, {"Authorization": "Bearer k"}),
    ],
)
def test_who_has_a_key_is_told_of_a_session(
    peer: Peer, address: str, headers: dict[str, str]
) -> None:
    assert kinds(peer.connect(address, headers)) == ["session.created"]


def localai(message: Event | None = None, **options: Any) -> LocalAIPeer:
    peer = LocalAIPeer(**options)
    peer.connect(LOCALAI, {})
    assert kinds(peer.receive(message or transcription(turn_detection=TURNS))) == [
        "session.updated"
    ]
    return peer


def test_localai_leaves_who_asks_for_no_pipeline_without_a_closing_frame() -> None:
    answers = LocalAIPeer().connect("/v1/realtime?model=whisper-1", {})
    assert [error["code"] for error in errors(answers)] == ["invalid_model"]
    assert isinstance(answers, list) and answers[-1] == Close(1006)


def test_localai_tells_of_speech_without_its_item_and_of_items_without_a_predecessor() -> None:
    said = heard(localai(), "w1 w2", "w3")
    assert kinds(said) == [*BOUNDS, "completed"] * 2
    assert [event["item_id"] for event in said[:2]] == ["", ""]
    assert said[2]["previous_item_id"] == said[6]["previous_item_id"] == "TODO"
    assert (said[2]["item_id"], said[6]["item_id"]) == (said[3]["item_id"], said[7]["item_id"])
    assert {event["event_id"] for event in said} == {"event_TODO"}
    assert transcripts(said) == ["w1 w2", "w3"]


def test_localai_writes_after_the_commit_or_as_it_hears() -> None:
    assert kinds(heard(localai(streams=True), "w1 w2")) == [*BOUNDS, "delta", "delta", "completed"]
    semantic = localai(transcription(turn_detection={"type": "semantic_vad"}))
    said = heard(semantic, "w1 w2")
    assert kinds(said) == [BOUNDS[0], "delta", "delta", *BOUNDS[1:], "completed"]
    assert {event["item_id"] for event in said} - {""} == {said[-1]["item_id"]}


def test_localai_takes_commits_only_where_it_finds_no_turns() -> None:
    (error,) = errors(localai().receive(COMMIT))
    assert (error["code"], error["event_id"]) == ("not_implemented", "event_TODO")


def test_localai_transcribes_another_item_than_the_client_committed() -> None:
    peer = localai(transcription(turn_detection=None, format={"type": "audio/pcm", "rate": 16000}))
    said = heard(peer, "w1", "w2", rate=16000, commit=True)
    committed, completed = said
    assert committed["item_id"] != completed["item_id"]
    assert "previous_item_id" not in committed
    assert transcripts(said) == ["w1 w2"]
    assert kinds(peer.receive(COMMIT)) == ["input_audio_buffer.committed"]


def test_localai_hears_what_the_client_commits_at_16_khz_only() -> None:
    assert transcripts(heard(localai(transcription(turn_detection=None)), "w1", commit=True)) == [
        "slow"
    ]


def test_a_failed_transcription_of_localai_names_no_item() -> None:
    peer = localai()
    peer.failing = 1
    said = heard(peer, "w1", "w2")
    (error,) = errors(list(said))
    assert error["code"] == "transcription_failed"
    assert transcripts(said) == ["w2"]


def test_localai_answers_unless_it_was_told_to_transcribe() -> None:
    peer = LocalAIPeer()
    peer.connect(LOCALAI, {})
    peer.receive(update({"audio": {"input": {"turn_detection": TURNS}}}))
    assert kinds(heard(peer, "w1"))[-1] == "response.created"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (transcription(transcription={"model": "gpt-4o-transcribe"}), "session_update_error"),
        (transcription(turn_detection={"type": "none"}), "invalid_json"),
        (transcription(turn_detection=TURNS | {"prefix_padding_ms": 300.0}), "invalid_json"),
        (transcription(transcription={"language": ["en"]}), "invalid_json"),
        (update({"type": "dictation"}), "invalid_json"),
        ({"type": "input_audio_buffer.append", "audio": ""}, "missing_audio_data"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "invalid_audio_data"),
    ],
)
def test_localai_refuses_with_codes_of_its_own(message: Event, code: str) -> None:
    (error,) = errors(localai().receive(message | {"event_id": "mine"}))
    assert error["code"] == code and "event_id" not in error


def test_localai_passes_over_what_it_does_not_know() -> None:
    peer = localai(transcription(volume=11, transcription={"keywords": ["Rust"]}))
    assert peer.receive({"type": "transcription_session.update"}) == []


def opened() -> SpeachesPeer:
    peer = SpeachesPeer()
    peer.connect(SPEACHES, {})
    return peer


def pause(seconds: float) -> Event:
    return append(silence(round(seconds * speaches.RATE)))


def test_speaches_ends_no_turn_before_three_seconds_and_counts_from_its_beginning() -> None:
    peer = opened()
    for utterances in ("w1 w2", "w3"), ("w4",):
        said = heard(peer, *utterances)
        assert kinds(said) == BOUNDS[:1]
        assert said[0]["audio_start_ms"] == 500
        said = events(peer.receive(pause(3)))
        assert kinds(said) == [*BOUNDS[1:], "conversation.item.created", "completed"]
        assert transcripts(said) == [" ".join(utterances)]


def test_speaches_transcribes_what_is_committed_in_silence() -> None:
    peer = opened()
    peer.receive(pause(1))
    said = events(peer.receive(COMMIT))
    assert kinds(said) == [BOUNDS[2], "conversation.item.created", "completed"]
    assert transcripts(said) == [""]


def test_a_commit_in_the_middle_of_a_turn_ends_the_connection_to_speaches() -> None:
    peer = opened()
    heard(peer, "w1")
    assert peer.receive(COMMIT)[-1] == Close(1006)


def test_speaches_that_hears_no_turns_leaves_them_to_the_client() -> None:
    peer = opened()
    turns = {"create_response": False, "prefix_padding_ms": 0, "silence_duration_ms": 550}
    answers = peer.receive(update({"turn_detection": turns | {"threshold": 1.0}}))
    assert kinds(answers) == ["error", "session.updated"]
    assert transcripts(heard(peer, "w1", "w2", commit=True)) == ["w1 w2"]


def test_speaches_confirms_what_it_does_not_take() -> None:
    peer = opened()
    turns = {"type": "server_vad", "silence_duration_ms": 900}
    answers = peer.receive(update({"type": "transcription", "turn_detection": turns, "audio": {}}))
    (updated,) = events(answers)
    assert updated["type"] == "session.updated"
    assert updated["session"]["turn_detection"]["silence_duration_ms"] == 550


@pytest.mark.parametrize(
    "message", [update({"turn_detection": None}), {"type": "transcription_session.update"}, COMMIT]
)
def test_errors_of_speaches_have_no_code(message: Event) -> None:
    (error,) = errors(opened().receive(message | {"event_id": "mine"}))
    assert (error["code"], error["event_id"]) == (None, None)


def test_a_failed_transcription_ends_the_connection_to_speaches() -> None:
    peer = opened()
    peer.failing = 1
    peer.receive(pause(1))
    answers = peer.receive(COMMIT)
    assert kinds(answers)[-1] == "error" and answers[-1] == Close(1006)


def test_speaches_answers_unless_it_was_told_to_transcribe() -> None:
    peer = SpeachesPeer()
    peer.connect("/v1/realtime?model=llm", {})
    peer.receive(pause(1))
    assert kinds(peer.receive(COMMIT))[-1] == "response.created"


BEGIN: Event = COMMIT | {"final": False}
END: Event = COMMIT | {"final": True}


def named() -> VllmPeer:
    peer = VllmPeer()
    peer.connect(VLLM, {})
    assert peer.receive({"type": "session.update", "model": vllm.MODEL}) == []
    return peer


def tone(word: int) -> Event:
    return append(np.full(vllm.RATE // 5, word, np.int16))


def test_vllm_writes_between_a_commit_that_begins_and_one_that_ends() -> None:
    peer = named()
    for utterance in ("w1 w2", "w2"):
        assert peer.receive(BEGIN) == []
        said = heard(peer, utterance, rate=vllm.RATE)
        assert set(kinds(said)) == {"transcription.delta"} and "" in [e["delta"] for e in said]
        (done,) = events(peer.receive(END))
        assert done["text"] == "".join(event["delta"] for event in said) == f" {utterance}"


def test_vllm_keeps_what_comes_before_the_commit() -> None:
    peer = VllmPeer()
    peer.connect(VLLM, {})
    assert peer.receive(tone(1)) == []
    peer.receive({"type": "session.update", "model": vllm.MODEL})
    assert [event["delta"] for event in events(peer.receive(BEGIN))] == [" w1"]


def test_vllm_loses_what_comes_after_the_end_until_it_has_caught_up() -> None:
    peer = named()
    peer.busy = True
    for message in (BEGIN, tone(1), END, tone(2), BEGIN):
        assert peer.receive(message) == []
    assert kinds(peer.settle()) == ["transcription.delta", "transcription.done"]
    peer.busy = False
    assert peer.receive(END) == peer.receive(tone(3)) == []
    assert [event["text"] for event in events(peer.receive(BEGIN))] == [""]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (update({"type": "transcription"}), "invalid_event"),
        ({"type": "session.update", "model": "other"}, "model_not_found"),
        (BEGIN, "model_not_validated"),
        ({"type": "input_audio_buffer.clear"}, "unknown_event"),
        ({"type": "input_audio_buffer.append", "audio": ""}, "invalid_audio"),
    ],
)
def test_errors_of_vllm_are_strings(message: Event, code: str) -> None:
    peer = VllmPeer()
    peer.connect(VLLM, {})
    (error,) = events(peer.receive(message))
    assert isinstance(error["error"], str) and error["code"] == code


@pytest.mark.anyio
async def test_peers_can_be_reached_each_connection_its_own() -> None:
    async with serving(OpenAIPeer) as url:
        address = f"{url}/v1/realtime?intent=transcription"
        for _ in range(2):
            headers = {"Authorization": f"Bearer {KEY}"}
            async with connect(address, additional_headers=headers) as socket:
                created = json.loads(await socket.recv())
                await socket.send(json.dumps(COMMIT))
                refused = json.loads(await socket.recv())
            assert (created["type"], refused["type"]) == ("session.created", "error")


@pytest.mark.anyio
async def test_a_carried_peer_refuses_and_closes_as_it_says() -> None:
    async with serving(OpenAIPeer) as url:
        async with connect(f"{url}/v1/realtime?intent=transcription") as socket:
            assert json.loads(await socket.recv())["error"]["code"] == "invalid_api_key"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 3000
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{url}/v2")
        assert refused.value.response.status_code == 404
    async with serving(LocalAIPeer) as url, connect(f"{url}/v1/realtime") as socket:
        assert json.loads(await socket.recv())["error"]["code"] == "invalid_model"
        with pytest.raises(ConnectionClosed) as gone:
            await socket.recv()
    assert gone.value.rcvd is None
