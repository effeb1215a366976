"""Peers at an address, for clients that want a connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.unit.realtime.peers.peer import Answer, Close, Peer, Refusal

_LARGEST_MESSAGE = 32 << 20


@asynccontextmanager
async def serving(
    make: Callable[[], Peer], clock: Callable[[], float] | None = None
) -> AsyncIterator[str]:
    """A peer of its own for every connection; yields `ws://host:port`, without a path.

    `clock`: what time it is for the peers; without one, no time passes.
    """
    opened: dict[ServerConnection, tuple[Peer, list[Answer]]] = {}

    def shake_hands(socket: ServerConnection, request: Request) -> Response | None:
        peer = make()
        answer = peer.connect(request.path, dict(request.headers.raw_items()))
        if isinstance(answer, Refusal):
            return socket.respond(HTTPStatus(answer.status), answer.body)
        opened[socket] = (peer, answer)
        return None

    async def converse(socket: ServerConnection) -> None:
        peer, answers = opened.pop(socket)
        try:
            if not await sent(socket, answers):
                return
            async for message in socket:
                now = clock() if clock else None
                if not await sent(socket, peer.receive(json.loads(message), now)):
                    return
        except ConnectionClosed:
            pass

    async with serve(
        converse,
        "127.0.0.1",
        0,
        process_request=shake_hands,
        compression=None,
        max_size=_LARGEST_MESSAGE,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


async def sent(socket: ServerConnection, answers: Iterable[Answer]) -> bool:
    """Whether the connection is still there after it."""
    for answer in answers:
        if isinstance(answer, Close):
            if answer.code == 1006:
                socket.transport.abort()
            else:
                await socket.close(answer.code, answer.reason)
            return False
        await socket.send(json.dumps(answer))
    return True
