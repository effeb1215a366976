"""Listening to the translated voice, as clients and players of somebody else would."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from captioner.audio.pcm import from_floats, to_bytes, to_floats
from captioner.audio.resample import Resampler
from captioner.rooms.room import RoomSettings
from captioner.speech.sound import FRAME_BYTES, SILENCE
from captioner.speech.studio import Studio
from captioner.speech.synthesizer import SAMPLE_RATE, Line
from tests.contract.edge import Edge, running_edge
from tests.unit.speech.speaking import caption
from tests.unit.speech.studio import Press, Tongue, samples, studio

pytestmark = pytest.mark.anyio

ROOM = RoomSettings("demo", language="en", translations=("es", "fr"))


@pytest.fixture
def tongue() -> Tongue:
    return Tongue(failures=Counter({"Esto no.": 2}))


@pytest.fixture
async def edge(tmp_path: Path, tongue: Tongue) -> AsyncIterator[Edge]:
    """A server that speaks Spanish, with a room."""
    async with running_edge(tmp_path, studio=studio(tongue)) as edge:
        await edge.rooms.create(ROOM)
        yield edge


def listening(edge: Edge, query: str = "?language=es", room: str = "demo") -> connect:
    return connect(f"{edge.ws_url}/v1/rooms/{room}/speech{query}", compression=None)


async def message(listener: ClientConnection) -> dict[str, Any]:
    """The next message that is no sound."""
    async with asyncio.timeout(30):
        while not isinstance(told := await listener.recv(), str):
            assert len(told) == FRAME_BYTES
    decoded: dict[str, Any] = json.loads(told)
    return decoded


async def sound(listener: ClientConnection, text: str) -> bytes:
    """All of a text's sound, without the silence before it."""
    wanted, heard = len(samples(text)), bytearray()
    async with asyncio.timeout(30):
        while len(heard) < wanted:
            told = await listener.recv()
            assert isinstance(told, bytes)
            if heard or told != SILENCE:
                heard += told
    return bytes(heard)


async def to_the_end(listener: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """All messages that are no sound, and the code that the server closes with."""
    read: list[dict[str, Any]] = []
    try:
        while True:
            read.append(await message(listener))
    except ConnectionClosed:
        return read, listener.close_code


async def test_a_listener_is_told_the_format_and_before_its_sound_each_caption(
    edge: Edge,
) -> None:
    async with listening(edge) as listener:
        assert await message(listener) == {
            "type": "format",
            "format": "pcm_s16le",
            "sample_rate": 24000,
            "channels": 1,
            "language": "es",
            "synthetic": True,
        }
        silence = await listener.recv()
        assert silence == SILENCE
        await edge.publish("demo", caption(1, "Hola a todos.", start=1.2344))
        assert await message(listener) == {"type": "caption", "id": "u1", "start": 1.234}
        assert await sound(listener, "Hola a todos.") == samples("Hola a todos.")


async def test_a_caption_that_cannot_be_said_is_marked(edge: Edge) -> None:
    async with listening(edge) as listener:
        await message(listener)
        await edge.publish("demo", caption(1, "Esto no."), caption(2, "Esto sí."))
        marks = [await message(listener) for _ in range(2)]
    assert marks == [
        {"type": "caption", "id": "u1", "start": 1.0, "skipped": True},
        {"type": "caption", "id": "u2", "start": 2.0},
    ]
    metrics = (await edge.ask("GET", "/metrics")).body
    assert b"captioner_speech_skipped_total 1.0" in metrics


async def test_a_language_may_be_written_in_any_case(edge: Edge) -> None:
    async with listening(edge, "?language=ES") as listener:
        assert (await message(listener))["language"] == "es"


@pytest.mark.parametrize(
    ("room", "query", "close_code", "code", "words"),
    [
        ("nowhere", "?language=es", 4404, "room_not_found", "there is no room nowhere"),
        ("demo", "", 4400, "bad_input", "Say which language you want to hear"),
        ("demo", "?language=not_one", 4400, "bad_input", "not a language tag"),
        ("demo", "?language=pt", 4400, "bad_input", "It has: en, es, fr."),
        ("demo", "?language=fr", 4400, "no_such_language", "Nobody here speaks fr."),
        ("over", "?language=es", 4410, "room_ended", "has ended"),
    ],
)
async def test_a_listener_that_cannot_be_served_is_told_why(
    edge: Edge, room: str, query: str, close_code: int, code: str, words: str
) -> None:
    await edge.rooms.create(RoomSettings("over", language="es"))
    await edge.rooms.end("over")
    async with listening(edge, query, room) as listener:
        read, closed = await to_the_end(listener)
    assert closed == close_code
    assert [(told["type"], told["code"], told["fatal"]) for told in read] == [("error", code, True)]
    assert words in read[0]["message"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nowhere/speech/es.ogg", 404, "room_not_found"),
        ("demo/speech/pt.ogg", 400, "bad_input"),
        ("demo/speech/fr.mp3", 400, "no_such_language"),
        ("demo/speech/not_one.mp3", 400, "bad_input"),
        ("demo/speech/es.aiff", 400, "bad_input"),
        ("over/speech/es.wav", 410, "room_ended"),
    ],
)
async def test_a_stream_that_cannot_be_had_is_a_problem_document(
    edge: Edge, path: str, status: int, code: str
) -> None:
    await edge.rooms.create(RoomSettings("over", language="es"))
    await edge.rooms.end("over")
    answer = await edge.ask("GET", f"/v1/rooms/{path}")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert (await edge.ask("HEAD", f"/v1/rooms/{path}")).status == status


async def test_a_server_without_a_synthesizer_says_so(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        await edge.rooms.create(ROOM)
        async with listening(edge) as listener:
            read, closed = await to_the_end(listener)
        answer = await edge.ask("GET", "/v1/rooms/demo/speech/es.ogg")
        head = await edge.ask("HEAD", "/v1/rooms/demo/speech/es.ogg")
    assert (closed, read[0]["code"]) == (4500, "translation_unavailable")
    assert read[0]["message"] == "This server does not speak: it has no synthesizer."
    assert (answer.status, answer.json["detail"]) == (503, read[0]["message"])
    assert head.status == 503


async def test_a_process_that_is_no_gateway_names_those_that_are(tmp_path: Path) -> None:
    async with running_edge(tmp_path, studio=studio(), roles=frozenset({"ingest"})) as edge:
        await edge.rooms.create(ROOM)
        async with listening(edge) as listener:
            read, closed = await to_the_end(listener)
        assert (closed, read[0]["code"]) == (4429, "busy")
        for method in ("GET", "HEAD"):
            answer = await edge.ask(method, "/v1/rooms/demo/speech/es.ogg")
            assert answer.status == 421


async def test_what_a_listener_says_does_not_matter(edge: Edge) -> None:
    async with listening(edge) as listener:
        await message(listener)
        for nonsense in ("{", b"\0" * 100_000, '{"type": "start"}'):
            await listener.send(nonsense)
        await edge.publish("demo", caption(1, "Hola."))
        assert (await message(listener))["id"] == "u1"


async def test_at_the_end_of_a_room_what_is_left_is_said(edge: Edge) -> None:
    async with listening(edge) as listener:
        await message(listener)
        await edge.publish("demo", caption(1, "Hola."), caption(2, "Adiós."))
        await edge.rooms.end("demo")
        read, closed = await to_the_end(listener)
    assert [told["id"] for told in read] == ["u1", "u2"]
    assert closed == 1000


async def test_the_listeners_of_an_erased_room_are_let_go(edge: Edge) -> None:
    async with listening(edge) as listener:
        await message(listener)
        await edge.ask("DELETE", "/v1/rooms/demo")
        assert (await to_the_end(listener))[1] == 1000


async def test_a_server_that_stops_says_that_it_is_going_away(edge: Edge) -> None:
    async with listening(edge) as listener, stream(edge, "es.mp3") as player:
        await message(listener)
        await player.body.readexactly(5)
        await edge.voices.close()
        assert (await to_the_end(listener))[1] == 1001
        assert (await player.rest()).endswith(b"<end>")


async def test_listeners_are_counted_while_they_listen(edge: Edge) -> None:
    async with listening(edge) as listener, stream(edge, "es.ogg") as player:
        await message(listener)
        await player.body.readexactly(5)
        assert b"captioner_listeners 2.0" in (await edge.ask("GET", "/metrics")).body
    async with asyncio.timeout(30):
        while b"captioner_listeners 0.0" not in (await edge.ask("GET", "/metrics")).body:
            pass


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("es.ogg", "audio/ogg"), ("es.mp3", "audio/mpeg"), ("ES.wav", "audio/wav")],
)
async def test_a_stream_is_sound_until_the_room_ends(
    edge: Edge, name: str, media_type: str
) -> None:
    async with stream(edge, name) as player:
        assert player.status == 200
        assert player.headers["content-type"] == media_type
        assert player.headers["cache-control"] == "no-store"
        assert player.headers["synthetic-voice"] == "true"
        assert "content-length" not in player.headers
        header = f"<{name[3:]}>".encode()
        assert await player.body.readexactly(len(header)) == header
        await edge.publish("demo", caption(1, "Hola a todos."))
        await edge.rooms.end("demo")
        heard = await player.rest()
    assert heard.lstrip(b"\0").startswith(samples("Hola a todos."))
    assert heard.endswith(b"<end>")


async def test_what_a_stream_would_be_is_told_without_it(edge: Edge) -> None:
    answer = await edge.ask("HEAD", "/v1/rooms/demo/speech/es.mp3")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert answer.headers["synthetic-voice"] == "true"
    assert edge.voices.listeners == 0


class Player:
    """What an HTTP client gets."""

    def __init__(self, head: bytes, body: asyncio.StreamReader) -> None:
        status, *headers = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = dict(line.lower().split(": ", 1) for line in headers if line)
        self.body = body

    async def rest(self) -> bytes:
        async with asyncio.timeout(30):
            return await self.body.read()


@asynccontextmanager
async def stream(edge: Edge, name: str) -> AsyncIterator[Player]:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    # HTTP/1.0: the stream comes as it is, not in chunks.
    request = f"GET /v1/rooms/demo/speech/{name} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    writer.write(request.encode())
    try:
        yield Player(await reader.readuntil(b"\r\n\r\n"), reader)
    finally:
        writer.close()
        await writer.wait_closed()


class Espeak:
    """A real synthesizer: `espeak-ng`."""

    name = "espeak-ng"

    async def voices(self, language: str) -> tuple[str, ...]:
        return (language, f"{language}+f3")

    async def speak(self, line: Line) -> AsyncIterator[bytes]:
        command = ["espeak-ng", "--stdout", "-v", line.voice, "--", line.text]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        wav, _ = await process.communicate()
        resampler = Resampler(int.from_bytes(wav[24:28], "little"), SAMPLE_RATE)
        spoken = to_floats(np.frombuffer(wav[44:], "<i2"))
        for floats in (resampler.feed(spoken), resampler.flush()):
            yield to_bytes(from_floats(floats))


async def test_a_real_synthesizer_is_heard(tmp_path: Path) -> None:
    async with running_edge(tmp_path, studio=Studio(Espeak(), Press())) as edge:
        await edge.rooms.create(ROOM)
        async with listening(edge) as listener:
            await message(listener)
            await edge.publish("demo", caption(1, "Hola a todos. Empezamos."))
            await edge.rooms.end("demo")
            marks, frames = [], bytearray()
            async for told in listener:
                if isinstance(told, str):
                    marks.append(json.loads(told)["id"])
                else:
                    frames += told
    loud = np.abs(np.frombuffer(bytes(frames), "<i2").astype(np.int32)) > 1_000
    assert marks == ["u1"]
    assert 0.1 < np.count_nonzero(loud) / SAMPLE_RATE < 5.0
