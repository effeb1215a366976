"""One WebSocket to a Realtime server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from captioner.errors import EngineUnavailable

LARGEST_EVENT = 16 << 20
PING_S = 20.0
PONG_S = 60.0
"""Long: a server that is sent more than it can decode reads our ping after all that audio."""
OPEN_S = 20.0


class Connection:
    """Sends and receives; a connection that is lost raises `EngineUnavailable`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, message: str) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise _lost(error) from error

    async def receive(self) -> Mapping[str, Any]:
        """The next event; what is no JSON object is an event of no type."""
        try:
            event = json.loads(await self._socket.recv())
        except ConnectionClosed as error:
            raise _lost(error) from error
        except ValueError:
            return {}
        return event if isinstance(event, dict) else {}


Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a connection to whoever recognises; raises `EngineUnavailable`."""


def connector(url: str, headers: Mapping[str, str] | None = None) -> Connect:
    """Connections to the Realtime server at `url` (ws:// or wss://, its query included)."""

    @asynccontextmanager
    async def open_connection() -> AsyncIterator[Connection]:
        try:
            socket = await connect(
                url,
                additional_headers=headers,
                compression=None,
                max_size=LARGEST_EVENT,
                open_timeout=OPEN_S,
                ping_interval=PING_S,
                ping_timeout=PONG_S,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            reason = str(error) or type(error).__name__
            raise EngineUnavailable(f"the recogniser cannot be reached: {reason}") from error
        try:
            yield Connection(socket)
        finally:
            await socket.close()

    return open_connection


def transcription_address(server: str) -> str:
    """The address of transcription sessions, where path and query of `server` say no other."""
    url = urlsplit(server)
    path = url.path if url.path.strip("/") else "/v1/realtime"
    return url._replace(path=path, query=url.query or "intent=transcription").geturl()


def _lost(error: ConnectionClosed) -> EngineUnavailable:
    code = error.rcvd.code if error.rcvd else 1006
    return EngineUnavailable(f"the recogniser closed the connection ({code})")
