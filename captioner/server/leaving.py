"""Clients who only take: all that they tell is that they leave."""

from __future__ import annotations

from typing import NoReturn

from starlette.types import Receive
from starlette.websockets import WebSocket, WebSocketDisconnect


async def socket_left(socket: WebSocket) -> NoReturn:
    """What the client says means nothing, but that it closes: then raises `WebSocketDisconnect`."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))


async def request_left(receive: Receive) -> None:
    """Return when whoever made the request does not want the answer any more."""
    while (await receive())["type"] != "http.disconnect":
        pass
