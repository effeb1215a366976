"""An open WebSocket leaves uvicorn: its transport goes to a protocol of ours.

The application accepts a WebSocket as any other; then it may take `HandOver` from the scope, give
it a protocol, and return. Neither a task nor a parser of uvicorn stays for the connection.

This leans on the inside of two classes of uvicorn, whose version is pinned for that reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from captioner.delivery.connection import Connection

_EXTENSION = "captioner.handover"
_MOST_EARLY = 64 << 10
"""Bytes of a client that talks before it is heard; more wait in the network."""
_GONE = 1006


HandOver = Callable[[Connection], None]
"""Raises `WebSocketDisconnect` where the client has left."""


def hand_over_of(socket: WebSocket) -> HandOver | None:
    """The way to hand the WebSocket over, where its server knows one."""
    extension = socket.scope.get("extensions", {}).get(_EXTENSION)
    return None if extension is None else extension["hand_over"]


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Keeps what a client says until the application talks; till then it can be handed over."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._early = b""
        self._is_heard = False

    async def run_asgi(self) -> None:
        extensions: dict[str, dict[object, object]] = self.scope["extensions"]
        extensions[_EXTENSION] = {"hand_over": self._hand_over}
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        if self._is_heard or not self.handshake_initiated:
            super().data_received(data)
            return
        self._early += data
        if len(self._early) > _MOST_EARLY:
            self.transport.pause_reading()

    async def receive(self) -> Any:
        self._hear()
        return await super().receive()

    async def send(self, message: Any) -> None:
        self._hear()
        await super().send(message)

    def _hear(self) -> None:
        """The application talks over the open WebSocket: it will not hand it over."""
        if self._is_heard or not self.handshake_complete:
            return
        self._is_heard = True
        early, self._early = self._early, b""
        if len(early) > _MOST_EARLY:
            self.transport.resume_reading()
        if early:
            super().data_received(early)

    def _hand_over(self, connection: Connection) -> None:
        transport, early = self.transport, self._early
        if self.disconnected or self.close_sent or transport.is_closing():
            raise WebSocketDisconnect(_GONE)
        self.stop_keepalive()
        self.connections.discard(self)
        siblings: set[Any] = self.connections
        siblings.add(connection)
        connection.siblings = siblings
        self.transport = _HandedOver()
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if len(early) > _MOST_EARLY:
            transport.resume_reading()
        if early:
            connection.data_received(early)


class Upgrading(H11Protocol):
    """Passes on what came in one piece with the request for a WebSocket."""

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        super().handle_websocket_upgrade(event)
        early, _ = self.conn.trailing_data
        protocol = self.transport.get_protocol()
        if early and isinstance(protocol, WebSocketsSansIOProtocol):
            protocol.data_received(early)


class _HandedOver(asyncio.Transport):
    """Stands where the transport was: what uvicorn does at the end of a request is not meant."""

    def is_closing(self) -> bool:
        return True

    def write(self, data: object) -> None:
        pass

    def close(self) -> None:
        pass
