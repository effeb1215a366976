"""One connection to one server: where it leads, what comes over it, why it ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from captioner.errors import (
    BadInput,
    RoomEnded,
    RoomNotFound,
    StreamInUse,
    TooLarge,
    Unauthorized,
)

NORMAL = 1000
"""The close code of a server that has said everything."""

Message = Mapping[str, Any]

_FINAL = {
    kind.close_code: kind
    for kind in (BadInput, Unauthorized, RoomNotFound, RoomEnded, TooLarge, StreamInUse)
}
"""By close code: what every server of the installation would say as well."""


class Lost(Exception):
    """The connection is gone, or there was none; another attempt may succeed. Says why."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


def addresses(url: str | Sequence[str]) -> tuple[str, ...]:
    """The WebSocket addresses of servers, each once; raises `BadInput` where one is none."""
    urls = (url,) if isinstance(url, str) else url
    if not urls:
        raise BadInput("no server is named")
    return tuple(dict.fromkeys(map(_websocket_address, urls)))


def address(server: str, room: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """Where a server, one of `addresses`, has a path of the room."""
    place = f"{server}/v1/rooms/{room}/{path}"
    return f"{place}?{urlencode(query)}" if query else place


@asynccontextmanager
async def connection(address: str, token: str | None) -> AsyncIterator[ClientConnection]:
    """A connection until the block ends. Raises `Lost`, or what the server refuses for good."""
    host = urlsplit(address).hostname
    try:
        socket = await connect(
            address,
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            proxy=None if host in ("127.0.0.1", "localhost", "::1") else True,
            ping_interval=10,
            ping_timeout=10,
            max_size=1 << 20,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        for kind in _FINAL.values():
            if kind.http_status == status:
                raise kind(f"{address} answers with status {status}") from error
        raise Lost(f"{address} answers with status {status}") from error
    except (OSError, InvalidHandshake) as error:
        raise Lost(f"No server answers at {address}: {error or 'no answer'}") from error
    async with socket:
        yield socket


async def messages(socket: ClientConnection) -> AsyncIterator[Message]:
    """Yield what the server says; raise why it stopped."""
    problem = ""
    try:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "error" and message.get("fatal", True):
                problem = message["message"]
            else:
                yield message
    except ConnectionClosed:
        pass  # the code is read below, like that of a clean close
    code, reason = socket.close_code, problem or socket.close_reason
    if code in _FINAL:
        raise _FINAL[code](reason or f"the server closed the connection with {code}")
    raise Lost(reason or "the server closed the connection", code)


def _websocket_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        told = parts.hostname is not None and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        told = False
    if not told or parts.scheme not in ("http", "https", "ws", "wss"):
        raise BadInput(f"{url!r} is not the address of a server, such as http://127.0.0.1:8000")
    return f"{parts.scheme.replace('http', 'ws')}://{parts.netloc}{parts.path.rstrip('/')}"
