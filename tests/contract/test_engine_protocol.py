"""The engine's port beside its sessions: what else it answers, what it bears, how it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.contract.engine import Engine, chunks, pcm, running_engine

pytestmark = pytest.mark.anyio

PATIENCE_S = 120.0
TRANSCRIPTION = "conversation.item.input_audio_transcription."


async def hear(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        event: dict[str, Any] = json.loads(await socket.recv())
    return event


async def ask(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))


async def configure(socket: ClientConnection, **input_: Any) -> None:
    session = {"type": "transcription", "audio": {"input": input_}}
    await ask(socket, type="session.update", session=session)
    assert (await hear(socket))["type"] == "session.updated"


def get(url: str, method: str = "GET") -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("realtime?model=gpt-realtime-2.1", "invalid_model"),
        ("realtime", "invalid_parameter"),
        ("realtime?intent=conversation", "invalid_parameter"),
        ("realtime/translations?model=gpt-realtime-translate", "unsupported"),
    ],
)
async def test_other_kinds_of_session_are_refused_in_words(
    engine: Engine, address: str, code: str
) -> None:
    async with connect(f"ws://127.0.0.1:{engine.port}/v1/{address}") as socket:
        refused = await hear(socket)
        assert (refused["type"], refused["error"]["code"]) == ("error", code)
        await socket.wait_closed()
        assert socket.close_code == 4000


async def test_what_is_no_session_is_answered_over_http(engine: Engine) -> None:
    health = await asyncio.to_thread(get, f"http://127.0.0.1:{engine.port}/healthz")
    assert health[0] == 200
    assert health[1]["status"] == "ready"
    assert health[1]["models"] == ["captioner-live", "captioner-accurate"]
    assert health[1]["queue"]["finals"] == 0
    assert health[1]["partial_interval_s"] > 0
    missing = await asyncio.to_thread(get, f"{engine.http}/audio/speech")
    assert (missing[0], missing[1]["status"]) == (404, 404)
    secrets = await asyncio.to_thread(get, f"{engine.http}/realtime/client_secrets", "POST")
    assert secrets[0] == 501


async def test_more_than_can_be_decoded_is_slowed_and_not_dropped(
    engine: Engine, demo_recording: Path
) -> None:
    """Three minutes in one breath: more than may wait, so the socket is not read for a while."""
    audio = pcm(demo_recording) * 3
    # A ping of ours would wait behind all the audio, and so would its answer.
    async with connect(engine.sessions, ping_interval=None) as socket:
        await hear(socket)
        await configure(socket, transcription={"language": "en"})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send(socket, audio))
            texts: list[str] = []
            owed: set[str] = set()
            end_ms = 0.0
            while owed or end_ms < len(audio) / 48 - 3000:
                event = await hear(socket)
                end_ms = event.get("audio_end_ms", end_ms)
                if event["type"] == "input_audio_buffer.committed":
                    owed.add(event["item_id"])
                elif event["type"] == TRANSCRIPTION + "completed":
                    owed.remove(event["item_id"])
                    texts.append(event["transcript"])
    assert " ".join(texts).count("Chinese") == 3


async def send(socket: ClientConnection, audio: bytes) -> None:
    for chunk in chunks(audio, 480_000):
        await ask(socket, type="input_audio_buffer.append", audio=chunk)


async def test_a_stop_finishes_what_was_committed(demo_recording: Path) -> None:
    with running_engine() as engine:
        async with connect(engine.sessions) as socket:
            await hear(socket)
            await configure(socket, transcription={"language": "en"}, turn_detection=None)
            for chunk in chunks(pcm(demo_recording, seconds=5.0)):
                await ask(socket, type="input_audio_buffer.append", audio=chunk)
            await ask(socket, type="input_audio_buffer.commit")
            assert (await hear(socket))["type"] == "input_audio_buffer.committed"
            engine.process.send_signal(signal.SIGTERM)
            types = []
            with pytest.raises(ConnectionClosed):
                while True:
                    types.append((await hear(socket))["type"])
        assert socket.close_code == 1001
        assert types[-1] == TRANSCRIPTION + "completed"
        assert await asyncio.to_thread(engine.process.wait, PATIENCE_S) == 0
