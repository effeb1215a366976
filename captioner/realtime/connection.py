"""One WebSocket to a Realtime server."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from captioner.realtime.trouble import closed, not_let_in, unreachable

wire = logging.getLogger(f"{__name__}.wire")
wire.setLevel(logging.INFO)  # below that it writes all that is sent, and the key is part of it

LARGEST_EVENT = 16 << 20
PING_S = 20.0
PONG_S = 20.0
PATIENT_PONG_S = 60.0
"""For a server that is sent as much as it takes: it reads our ping after all that audio."""
OPEN_S = 20.0
LONGEST_RETRY_AFTER_S = 3600.0


class Connection(Protocol):
    """Sends and receives; a connection that is lost raises `SessionEnded`."""

    async def send(self, message: str) -> None: ...

    async def receive(self) -> Mapping[str, Any]:
        """The next event; what is no JSON object is an event of no type."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a connection to whoever recognises; raises `SessionEnded`."""


class _Connect(connect):
    """Follows nobody to another address: the key is for this one."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class WebSocket:
    """A connection over the network. `secret`: what must not be told, whatever the server says."""

    def __init__(self, server: str, socket: ClientConnection, secret: str = "") -> None:
        self._server = server
        self._socket = socket
        self._secret = secret

    async def send(self, message: str) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise self._closed(error) from None

    async def receive(self) -> Mapping[str, Any]:
        try:
            message = await self._socket.recv()
        except ConnectionClosed as error:
            raise self._closed(error) from None
        if self._secret:
            message = _without(message, self._secret)
        try:
            event = orjson.loads(message)
        except orjson.JSONDecodeError:
            return {}
        return event if isinstance(event, dict) else {}

    def _closed(self, error: ConnectionClosed) -> Exception:
        if error.rcvd is None:
            return closed(self._server, 1006)
        reason = error.rcvd.reason
        if self._secret:
            reason = reason.replace(self._secret, "***")
        return closed(self._server, error.rcvd.code, reason)


def connector(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    server: str = "the recogniser",
    secret: str = "",
    opens: float = OPEN_S,
    ping: float = PING_S,
    pong: float = PONG_S,
) -> Connect:
    """Connections to the Realtime server at `url` (ws:// or wss://, its query included).

    `server`: its name, for people. `opens`: seconds that the handshake may take. `ping`: seconds
    between two of them. `pong`: how many an answer to one may take.
    """

    @asynccontextmanager
    async def open_connection() -> AsyncIterator[WebSocket]:
        try:
            socket = await _Connect(
                url,
                logger=wire,
                additional_headers=headers,
                compression=None,  # base64 of noise: much work for little
                max_size=LARGEST_EVENT,
                open_timeout=opens,
                ping_interval=ping,
                ping_timeout=pong,
            )
        except InvalidStatus as error:
            response = error.response
            retry_after = seconds_of(response.headers.get("Retry-After"))
            raise not_let_in(server, response.status_code, retry_after) from None
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            # Not its cause: the address in it may hold a key.
            raise unreachable(server, _reason(error)) from None
        try:
            yield WebSocket(server, socket, secret)
        finally:
            await socket.close()

    return open_connection


def transcription_address(server: str) -> str:
    """The address of transcription sessions, where path and query of `server` say no other."""
    url = urlsplit(server)
    path = url.path if url.path.strip("/") else "/v1/realtime"
    return url._replace(path=path, query=url.query or "intent=transcription").geturl()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"it does not speak WebSocket there ({type(error).__name__})"


def seconds_of(retry_after: str | None) -> float | None:
    """The header Retry-After (RFC 9110, 10.2.3); a date is not worth a clock."""
    try:
        return None if retry_after is None else min(float(retry_after), LONGEST_RETRY_AFTER_S)
    except ValueError:
        return None


def _without(message: str | bytes, secret: str) -> str | bytes:
    if isinstance(message, bytes):
        return message.replace(secret.encode(), b"***")
    return message.replace(secret, "***")
