"""Servers that keep to a script, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

Script = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[str]:
    """A server that plays the n-th script to the n-th connection; yields its address."""
    waiting = list(scripts)

    async def play(socket: ServerConnection) -> None:
        await waiting.pop(0)(socket)

    async with asyncio.timeout(60), serve(play, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    assert not waiting, "the client did not come back"


async def tell(socket: ServerConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def refuse(socket: ServerConnection, code: int, message: str) -> None:
    await tell(socket, {"type": "error", "code": "any", "message": message, "fatal": True})
    await socket.close(code)
