"""Real speech, its translation, and the voices: what is heard is what the captions say."""

from __future__ import annotations

import asyncio
import json
import subprocess
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.http import create_room, request
from tests.e2e.publisher import Publisher
from tests.e2e.speech import RATE, load, words
from tests.processes import CAPTIONER, Server, environment, wait_for

pytestmark = pytest.mark.anyio

ROOM = "voice"
SPEECH_S = 13.0
"""Of the demo recording: its first sentence, in two captions."""
SAID, TRANSLATION = "en", "pt-BR"
STREAMS = {"ogg": SAID, "mp3": SAID, "wav": TRANSLATION}
"""Who listens over HTTP: the formats, and to what."""
MISHEARD = 0.3
"""Of the words, by a recogniser: English is spoken by Piper."""
LOUD = 1_000
SPOKEN_S = 2.0
"""Of both captions, at least, with samples that are loud."""


@dataclass(slots=True)
class Listener:
    """What came over a WebSocket."""

    marks: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)

    async def listen(self, socket: ClientConnection) -> None:
        """To the end of the room."""
        try:
            while True:
                self._take(await socket.recv())
        except ConnectionClosed:
            assert socket.close_code == 1000

    def _take(self, told: str | bytes) -> None:
        if isinstance(told, bytes):
            self.sound += told
            return
        message = json.loads(told)
        if message["type"] == "caption":
            (self.skipped if message.get("skipped") else self.marks).append(message["id"])

    @property
    def loud_s(self) -> float:
        samples = np.frombuffer(bytes(self.sound), "<i2").astype(np.int32)
        frames = samples[: samples.size // 480 * 480].reshape(-1, 480)
        return 0.02 * np.count_nonzero(np.abs(frames).max(axis=1) > LOUD)

    def write(self, path: Path) -> Path:
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 24_000, 0, "NONE", ""))
            file.writeframes(bytes(self.sound))
        return path


@dataclass(slots=True)
class Heard:
    """`sockets`: by language. `streams`: by format."""

    sockets: dict[str, Listener]
    streams: dict[str, bytes]


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Heard]:
    """Listeners of every kind; at the end of the block the room ends, and all is said."""
    heard = Heard({SAID: Listener(), TRANSLATION: Listener()}, {})

    async def socket(language: str, listener: Listener) -> None:
        address = f"{server.ws_url}/v1/rooms/{ROOM}/speech?language={language}"
        async with connect(address, compression=None) as opened:
            await listener.listen(opened)

    async def stream(format: str, language: str) -> None:
        url = f"{server.url}/v1/rooms/{ROOM}/speech/{language}.{format}"
        status, heard.streams[format] = await asyncio.to_thread(request, url)
        assert status == 200

    async with asyncio.TaskGroup() as tasks:
        listeners = [socket(*each) for each in heard.sockets.items()]
        listeners += [stream(*each) for each in STREAMS.items()]
        for each in listeners:
            tasks.create_task(each)
        await asyncio.to_thread(_wait_for_listeners, server, len(listeners))
        yield heard
        await asyncio.to_thread(request, f"{server.url}/v1/rooms/{ROOM}/end", b"")


def _wait_for_listeners(server: Server, count: int) -> None:
    line = f"captioner_listeners {count}.0".encode()
    wait_for(lambda: line in request(f"{server.url}/metrics")[1], f"{count} listen")


def finals(server: Server, language: str) -> dict[str, str]:
    """What was captioned, by id in its order."""
    _, answer = request(f"{server.url}/v1/rooms/{ROOM}/captions?language={language}")
    captions = sorted(json.loads(answer)["captions"], key=lambda caption: float(caption["start"]))
    assert all(caption["final"] for caption in captions)
    return {caption["id"]: caption["text"] for caption in captions if caption["text"]}


def recognised(recordings: Sequence[Path], out: Path) -> list[str]:
    """What the product's own recogniser hears in them."""
    options = ["--language", SAID, "--format", "txt", "--out", str(out)]
    subprocess.run(
        [*CAPTIONER, "transcribe", *map(str, recordings), *options],
        check=True,
        capture_output=True,
        env=environment(),
    )
    return [(out / f"{each.name}.{SAID}.txt").read_text("utf-8") for each in recordings]


def misheard(said: str, heard: str) -> float:
    """The word error rate."""
    return float(jiwer.wer(" ".join(words(said)), " ".join(words(heard))))


def remarks(stream: bytes) -> str:
    """What ffprobe finds wrong with it."""
    done = subprocess.run(["ffprobe", "-v", "warning", "-"], input=stream, capture_output=True)
    return done.stderr.decode()


async def test_the_voices_say_what_the_captions_say(
    server: Server, demo_recording: Path, tmp_path: Path
) -> None:
    create_room(server.url, ROOM, translations=[TRANSLATION], speech=[SAID, TRANSLATION])
    async with listening(server) as heard:
        samples = load(demo_recording)[: round(SPEECH_S * RATE)]
        await Publisher(server.ws_url, ROOM, samples).publish()

    for language, listener in heard.sockets.items():
        assert listener.marks == list(finals(server, language))
        assert listener.skipped == []
        assert listener.loud_s > SPOKEN_S
    assert {remarks(stream) for stream in heard.streams.values()} == {""}
    (over_http := tmp_path / "http.ogg").write_bytes(heard.streams["ogg"])
    over_socket = heard.sockets[SAID].write(tmp_path / "socket.wav")
    said = " ".join(finals(server, SAID).values())
    for text in recognised([over_http, over_socket], tmp_path / "texts"):
        assert misheard(said, text) <= MISHEARD, f"{said!r} was heard as {text!r}"


async def test_a_language_that_nobody_speaks_is_refused_at_once(server: Server) -> None:
    create_room(server.url, "unspoken", translations=["zxx"], speech=["zxx"])
    address = f"{server.ws_url}/v1/rooms/unspoken/speech?language=zxx"
    async with connect(address, compression=None) as socket:
        told = json.loads(await socket.recv())
        await socket.wait_closed()
    assert (told["code"], told["message"]) == ("no_such_language", "Nobody here speaks zxx.")
    assert socket.close_code == 4400
    status, _ = request(f"{server.url}/v1/rooms/unspoken/speech/zxx.ogg")
    assert status == 400
