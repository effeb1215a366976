"""The process under test, on a core of its own: `python -m tests.bench.ingest_server MODE FILE`.

`captioner`: the whole server, as `captioner serve` runs it, with the settings of the environment.
`plain`: the least that could stand in its place, which passes frames on and reads what is said.
Prints its port; when it is ended, writes to FILE when words were said and how much later they were
on the bus (or read), in seconds.
"""

from __future__ import annotations

import asyncio
import base64
import cProfile
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from captioner import app
from captioner.bus.bus import Fence
from captioner.bus.memory import MemoryBus
from captioner.captions.model import Caption, Event
from captioner.commands.running import run
from captioner.ingest import tracks
from captioner.settings import Settings
from tests.bench.null_upstream import age

UPSTREAM, PROFILE = "BENCH_UPSTREAM", "BENCH_PROFILE"
"""In the environment: the recogniser's address; a file for a profile, where one is wanted."""

heard: list[tuple[float, float]] = []
"""When a word was said, and how much later it was known here."""


def note(word: str) -> None:
    """A word is known here."""
    delay = age(word)
    if delay is not None:
        heard.append((time.monotonic() - delay, delay))


class StampedBus(MemoryBus):
    """The server's bus, which notes each new word once."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, str] = {}

    async def publish(self, room: str, event: Event, *, fence: Fence | None = None) -> int:
        number = await super().publish(room, event, fence=fence)
        if isinstance(event, Caption) and not event.final:
            word = event.text[: event.stable].rpartition(" ")[2]
            if word and word != self._newest.get(room):
                self._newest[room] = word
                note(word)
        return number


def serve_captioner() -> None:
    """The product, with as many tracks as come."""
    with patch.object(app, "MemoryBus", StampedBus), patch.object(tracks, "MOST_TRACKS", 10**6):
        run(app.serve(Settings(), lambda url: _say(urlsplit(url).port)))


def serve_plain(upstream: str) -> None:
    """Frames in, base64 out; what is said is parsed and noted."""

    async def publish(publisher: ServerConnection) -> None:
        await publisher.recv()
        await publisher.send('{"type": "started"}')
        async with connect(upstream, compression=None) as server:
            reading = asyncio.create_task(_read(server))
            try:
                while True:
                    frame = await publisher.recv()
                    assert isinstance(frame, bytes)
                    audio = base64.b64encode(frame).decode("ascii")
                    await server.send(f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}')
            except ConnectionClosed:
                reading.cancel()

    async def main() -> None:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        async with serve(publish, "127.0.0.1", 0, compression=None) as server:
            _say(next(iter(server.sockets)).getsockname()[1])
            await ended.wait()

    run(main())


async def _read(server: ClientConnection) -> None:
    async for message in server:
        note(orjson.loads(message).get("delta", "").strip())


def _say(port: object) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _profiled(serving: Callable[[], None]) -> None:
    path = os.environ.get(PROFILE)
    if path is None:
        return serving()
    profile = cProfile.Profile()
    try:
        profile.runcall(serving)
    finally:
        profile.dump_stats(path)


def main() -> int:
    """Serve until SIGTERM."""
    mode, path = sys.argv[1:3]
    try:
        if mode == "plain":
            _profiled(lambda: serve_plain(os.environ[UPSTREAM]))
        else:
            _profiled(serve_captioner)
    finally:
        np.save(Path(path), np.array(heard).reshape(-1, 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
