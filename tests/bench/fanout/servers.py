"""A server of readers as a process: `python -m tests.bench.fanout.servers KIND ACK`.

`captioner`: the whole application. `broadcast`: the `websockets` library. `loop`: FastAPI, one
`await socket.send_text()` after the other. Each prints its port, and does what it is told on stdin
as `limit.c` does.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from captioner.captions.messages import to_message
from captioner.captions.model import Caption
from captioner.commands.running import run
from tests.contract.edge import running_edge

ROOM = "bench"
PATH = f"/v1/rooms/{ROOM}/captions"
PATIENCE_S = 30.0
"""A reader that has not had an event by then never will."""
_FILLER = "we ship on Monday, if the tests are green by then; " * 3

Publish = Callable[[Caption], Awaitable[None]]


def event(number: int) -> Caption:
    """A caption of about 300 bytes, stamped with the time."""
    text = f"@{time.monotonic_ns()} {_FILLER}"
    start = float(number)
    return Caption(f"u{number}", "en", 1, text, len(text), True, start, start + 1, "mic")


def message(number: int) -> bytes:
    """The same as those who number nothing send it."""
    return orjson.dumps(to_message(event(number), number))


SIZE = len(message(1000)) + 3
"""Bytes of an event."""


class Acknowledgements:
    """Bytes on a file, one for each event that all have."""

    def __init__(self, ack: int) -> None:
        os.set_blocking(ack, False)
        self._ack = ack
        self._come = asyncio.Event()
        asyncio.get_running_loop().add_reader(ack, self._read)

    def forget(self) -> None:
        self._come.clear()

    async def next(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._come.wait()
        self._come.clear()

    def _read(self) -> None:
        os.read(self._ack, 1 << 16)
        self._come.set()


async def obey(publish: Publish, ack: int) -> None:
    """Publish as stdin says, until it ends."""
    acknowledgements = Acknowledgements(ack)
    number = 0
    async for line in _lines():
        verb, *values = line.split()
        acknowledgements.forget()
        due = time.monotonic()
        for _ in range(int(values[0])):
            number += 1
            await publish(event(number))
            if verb == "lockstep":
                await acknowledgements.next()
            else:
                due += float(values[1])
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        _say("done")


async def _lines() -> AsyncIterator[str]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async for line in reader:
        yield line.decode()


async def serve_captioner(ack: int) -> None:
    """The product's own server, its bus in memory."""
    with tempfile.TemporaryDirectory() as data:
        async with running_edge(Path(data)) as edge:
            await edge.publish(ROOM)

            async def publish(caption: Caption) -> None:
                await edge.bus.publish(ROOM, caption)

            _say(edge.port)
            await obey(publish, ack)


async def serve_broadcast(ack: int) -> None:
    connections: set[ServerConnection] = set()

    async def follow(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.discard(connection)

    async def publish(caption: Caption) -> None:
        number = int(caption.id[1:])
        broadcast(connections, orjson.dumps(to_message(caption, number)).decode())

    async with serve(follow, "127.0.0.1", 0, compression=None, backlog=2048) as server:
        _say(next(iter(server.sockets)).getsockname()[1])
        await obey(publish, ack)


async def serve_loop(ack: int) -> None:
    app = FastAPI()
    sockets: set[WebSocket] = set()

    @app.websocket(PATH)
    async def follow(websocket: WebSocket) -> None:
        await websocket.accept()
        sockets.add(websocket)
        try:
            await websocket.receive_text()
        except WebSocketDisconnect:
            sockets.discard(websocket)

    async def publish(caption: Caption) -> None:
        text = orjson.dumps(to_message(caption, int(caption.id[1:]))).decode()
        for each in tuple(sockets):
            await each.send_text(text)

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    async with _served(app, listener):
        _say(listener.getsockname()[1])
        await obey(publish, ack)


@asynccontextmanager
async def _served(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(app, ws_per_message_deflate=False, log_level="error")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


SERVERS = {"captioner": serve_captioner, "broadcast": serve_broadcast, "loop": serve_loop}


def main() -> int:
    """Serve until stdin ends."""
    kind, ack = sys.argv[1:3]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    run(SERVERS[kind](int(ack)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
