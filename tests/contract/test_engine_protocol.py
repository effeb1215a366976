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
from websockets.typing import Subprotocol

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


def get(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, body, method=method)
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
        ("realtime?intent=transcription&model=captioner-voice", "invalid_model"),
        ("realtime/calls", "unsupported"),
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
    assert health[1]["models"][:2] == ["captioner-live", "captioner-accurate"]
    assert health[1]["queue"]["finals"] == 0
    assert health[1]["partial_interval_s"] > 0
    missing = await asyncio.to_thread(get, f"{engine.http}/audio/speech")
    assert (missing[0], missing[1]["status"]) == (404, 404)
    calls = await asyncio.to_thread(get, f"{engine.http}/realtime/calls", "POST")
    assert calls[0] == 501


async def test_an_engine_that_translates_and_speaks_names_its_models(
    interpreting_engine: Engine,
) -> None:
    url = f"http://127.0.0.1:{interpreting_engine.port}/healthz"
    _, health = await asyncio.to_thread(get, url)
    assert health["models"] == [
        "captioner-live",
        "captioner-accurate",
        "captioner-translate",
        "captioner-live-translate",
        "captioner-voice",
    ]


async def test_an_engine_tells_its_voices(engine: Engine, interpreting_engine: Engine) -> None:
    async def voices(engine: Engine, query: str) -> tuple[int, dict[str, Any]]:
        return await asyncio.to_thread(get, f"http://127.0.0.1:{engine.port}/voices{query}")

    speaks = interpreting_engine
    assert await voices(speaks, "?language=en") == (200, {"voices": ["espeak", "whisper"]})
    assert await voices(speaks, "?language=ja") == (200, {"voices": []})
    for query in ("", "?language=", "?language=not_one"):
        status, problem = await voices(speaks, query)
        assert (status, problem["title"]) == (400, "Bad Request")
    assert (await voices(engine, "?language=en"))[0] == 200


def post(url: str, body: bytes) -> tuple[int, dict[str, Any]]:
    return get(url, "POST", body)


async def test_a_secret_that_asks_for_what_is_not_is_refused(engine: Engine) -> None:
    url = f"{engine.http}/realtime/client_secrets"
    for body, param in [
        (b"{", None),
        (b'{"expires_after":{"seconds":5}}', "body.expires_after.seconds"),
        (b'{"session":{"type":"realtime","tools":[{}]}}', "session.tools"),
    ]:
        status, answer = await asyncio.to_thread(post, url, body)
        assert (status, answer["error"].get("param")) == (400, param)
    status, secret = await asyncio.to_thread(post, url, b"")
    assert (status, secret["session"]["type"]) == (200, "realtime")
    assert (await asyncio.to_thread(post, url, b" " * 100_000))[0] == 413


async def test_a_browser_brings_its_secret_as_a_subprotocol(engine: Engine) -> None:
    session = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}
    body = json.dumps({"session": session}).encode()
    _, secret = await asyncio.to_thread(post, f"{engine.http}/realtime/client_secrets", body)
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{secret['value']}")]
    url = f"ws://127.0.0.1:{engine.port}/v1/realtime"
    async with connect(url, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert (await hear(socket))["session"]["audio"]["input"]["turn_detection"] is None


async def test_a_request_may_come_in_any_pieces(engine: Engine) -> None:
    body = b'{"session":{"type":"transcription"}}'
    head = f"POST /v1/realtime/client_secrets HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    for byte in head.encode() + body:
        writer.write(bytes([byte]))
        await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200") and b'"value":"ek_' in answer


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
