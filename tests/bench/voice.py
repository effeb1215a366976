"""The translated voice, recorded as a listener gets it: `python -m tests.bench.voice`
`[--seconds 300] [--language es]`.

Recordings of a language, one after the other, are published at their true pace to a server that
translates them into English and speaks that. The sound of the stream is recognised again, and so
are the same captions as the same voice says them without a stream: the difference is what
streaming costs. Then many listen to one voice. The exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from captioner.interpreter import interpreter
from captioner.settings import read_settings
from captioner.speech.playback import PAUSE
from captioner.speech.sound import SILENCE
from captioner.speech.synthesizer import SAMPLE_RATE, Line
from tests.bench import speech
from tests.bench.delays import percentile
from tests.bench.recognition import Results
from tests.bench.speech import RATE, Pcm
from tests.bench.streams import Server, measured_server
from tests.e2e.http import create_room, request
from tests.e2e.publisher import Publisher
from tests.processes import CAPTIONER, environment

ROOM, CROWD_ROOM = "voice", "crowd"
SPOKEN = "en"
LANGUAGES = ("es", "pt")
FORMATS = ("ogg", "mp3", "wav")
BETWEEN_S = 0.8
"""Silence between two recordings."""
CROWD, CROWD_S = 200, 15.0
"""Listeners of one voice, and how long they listen, in seconds."""
WARM_UP_S = 5.0
WORSE_BAR = 3.0
"""Points of the word error rate by which the stream may be worse than the voice alone."""
LAG_BAR_S = 6.0

Event = dict[str, Any]


@dataclass(slots=True)
class Session:
    """What readers and listeners of a room got, and when (seconds on the monotonic clock)."""

    began: float = 0.0
    finals: dict[str, tuple[float, Event]] = field(default_factory=dict)
    """The first final of each caption, by id."""
    texts: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Where each caption starts, and what it says in the end."""
    marks: dict[str, float] = field(default_factory=dict)
    """When the first words of each were to be heard."""
    skipped: set[str] = field(default_factory=set)
    streams: dict[str, bytes] = field(default_factory=dict)

    @property
    def captions(self) -> list[str]:
        return [text for _, text in sorted(self.texts.values()) if text]

    @property
    def lags(self) -> list[float]:
        """From each caption's final to its sound; none where that came first."""
        return [
            max(0.0, at - self.finals[id_][0])
            for id_, at in self.marks.items()
            if id_ in self.finals
        ]

    @property
    def delays(self) -> list[float]:
        """From the end of what was said to the beginning of its sound."""
        return [
            at - self.began - self.finals[id_][1]["end"]
            for id_, at in self.marks.items()
            if id_ in self.finals
        ]


def looped(language: str, seconds: float) -> Pcm:
    """The recordings of a language, again and again, for so long."""
    pause = np.zeros(round(BETWEEN_S * RATE), np.int16)
    once = [part for clip in speech.clips(language) for part in (speech.load(clip.path), pause)]
    joined = np.concatenate(once)
    wanted = round(seconds * RATE)
    return np.tile(joined, wanted // joined.size + 1)[:wanted]


async def recorded(server: Server, language: str, samples: Pcm) -> Session:
    """The speech through the server, to the last word of its voice."""
    session = Session()
    url = server.url.replace("ws://", "http://")
    create_room(url, ROOM, language=language, translations=[SPOKEN], speech=[SPOKEN])
    room = f"{server.url}/v1/rooms/{ROOM}"
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        reader, listener = [
            await stack.enter_async_context(connect(f"{room}/{what}={SPOKEN}", compression=None))
            for what in ("captions?language", "speech?language")
        ]
        tasks.create_task(_read(reader, session))
        tasks.create_task(_listen(listener, session))
        for format in FORMATS:
            tasks.create_task(_record(url, format, session))
        publisher = Publisher(server.url, ROOM, samples, language=language)
        await publisher.publish()
        session.began = publisher.began or 0.0
        await asyncio.to_thread(request, f"{url}/v1/rooms/{ROOM}/end", b"")
    return session


async def _read(socket: ClientConnection, session: Session) -> None:
    async for message in socket:
        event = json.loads(message)
        if event["type"] == "caption" and event["final"]:
            session.finals.setdefault(event["id"], (time.monotonic(), event))
            session.texts[event["id"]] = (event["start"], event["text"])


async def _listen(socket: ClientConnection, session: Session) -> None:
    async for message in socket:
        if isinstance(message, bytes):
            continue
        event = json.loads(message)
        if event["type"] == "caption" and event.get("skipped"):
            session.skipped.add(event["id"])
        elif event["type"] == "caption":
            session.marks.setdefault(event["id"], time.monotonic())


async def _record(url: str, format: str, session: Session) -> None:
    stream = f"{url}/v1/rooms/{ROOM}/speech/{SPOKEN}.{format}"
    status, session.streams[format] = await asyncio.to_thread(request, stream)
    if status != 200:
        raise RuntimeError(f"no {format}: {session.streams[format].decode()}")


async def spoken_directly(captions: Sequence[str]) -> bytes:
    """The captions as the same voice says them, one after the other, s16le."""
    sound = bytearray()
    async with interpreter(read_settings(), None) as interprets:
        voice = (await interprets.synthesizer.voices(SPOKEN))[0]
        sys.stdout.write(f"voice: {voice or 'the usual one'} of {interprets.synthesizer.name}\n")
        for text in captions:
            async for piece in interprets.synthesizer.speak(Line(text, SPOKEN, voice)):
                sound += piece
            sound += PAUSE * SILENCE
    return bytes(sound)


def recognised(sound: bytes, *input_options: str) -> str:
    """What `captioner transcribe` hears in it."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "sound.wav")
        command = ["ffmpeg", "-v", "error", *input_options, "-i", "-", str(recording)]
        subprocess.run(command, input=sound, check=True)
        options = ["--language", SPOKEN, "--format", "txt", "--out", folder]
        subprocess.run(
            [*CAPTIONER, "transcribe", str(recording), *options],
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment(),
        )
        (text,) = Path(folder).glob("*.txt")
        return text.read_text("utf-8")


def remarks(stream: bytes) -> int:
    """Lines that ffprobe has to say about it."""
    done = subprocess.run(["ffprobe", "-v", "warning", "-"], input=stream, capture_output=True)
    sys.stderr.write(done.stderr.decode())
    return len(done.stderr.splitlines())


async def crowded(server: Server, language: str, samples: Pcm) -> tuple[float, float]:
    """CPU of the web server, in cores, with one listener and with many."""
    url = server.url.replace("ws://", "http://")
    create_room(url, CROWD_ROOM, language=language, translations=[SPOKEN], speech=[SPOKEN])
    async with asyncio.TaskGroup() as tasks:
        publisher = Publisher(server.url, CROWD_ROOM, samples, language=language)
        publishing = tasks.create_task(publisher.publish())
        found = []
        listeners = []
        for more in (1, CROWD - 1):
            listeners += [tasks.create_task(_hear(url)) for _ in range(more)]
            await asyncio.sleep(WARM_UP_S)
            before, since = server.cpu_s()[0], time.monotonic()
            await asyncio.sleep(CROWD_S)
            found.append((server.cpu_s()[0] - before) / (time.monotonic() - since))
            if any(listener.done() for listener in listeners):
                raise RuntimeError("a listener was sent away")
        await asyncio.to_thread(request, f"{url}/v1/rooms/{CROWD_ROOM}/end", b"")
        publishing.cancel()
    one, many = found
    return one, many


async def _hear(url: str) -> None:
    """The stream, to its end, and nothing kept of it."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = f"/v1/rooms/{CROWD_ROOM}/speech/{SPOKEN}.ogg"
    writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    while await reader.read(1 << 16):
        pass
    writer.close()
    await writer.wait_closed()


def add_recorded(results: Results, session: Session) -> None:
    """What listeners got."""
    results.add("captions in English", len(session.captions))
    untranslated = sum(bool(event.get("untranslated")) for _, event in session.finals.values())
    results.add("... untranslated", untranslated, 0)
    results.add("... skipped by the voice", len(session.skipped), 0)
    results.add("sound after the caption's final, s, p50", percentile(session.lags, 50))
    results.add("sound after the caption's final, s, largest", max(session.lags), LAG_BAR_S)
    results.add("sound after the end of the words, s, p50", percentile(session.delays, 50))
    results.add("sound after the end of the words, s, p95", percentile(session.delays, 95))
    for format in FORMATS:
        results.add(f"{format}: remarks of ffprobe", remarks(session.streams[format]), 0)


def add_understood(results: Results, session: Session, direct: bytes) -> None:
    """How far the voice is understood, beside itself without a stream."""
    said = [" ".join(session.captions)]
    raw = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
    streamed = speech.error_rate(said, [recognised(session.streams["ogg"])], SPOKEN)
    alone = speech.error_rate(said, [recognised(direct, *raw)], SPOKEN)
    results.add("word error rate of the stream, percent", streamed)
    results.add("... of the same voice alone", alone)
    results.add("... the stream's above it, points", streamed - alone, WORSE_BAR)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="of speech")
    parser.add_argument("--language", choices=LANGUAGES, default="es", help="that is spoken")
    options = parser.parse_args()
    results = Results()
    with tempfile.TemporaryDirectory() as folder, measured_server(Path(folder)) as server:
        samples = looped(options.language, options.seconds)
        session = asyncio.run(recorded(server, options.language, samples))
        if not session.marks:
            sys.stderr.write(f"Nothing was spoken: who translates {options.language} here?\n")
            return 1
        add_recorded(results, session)
        samples = looped(options.language, 2 * (WARM_UP_S + CROWD_S))
        one, many = asyncio.run(crowded(server, options.language, samples))
        results.add("CPU of the server with 1 listener, cores", one)
        results.add(f"... with {CROWD} listeners", many)
        results.add("... the ratio", many / one)
    add_understood(results, session, asyncio.run(spoken_directly(session.captions)))
    return 1 if any(bar is not None and value > bar for _, value, bar in results.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
