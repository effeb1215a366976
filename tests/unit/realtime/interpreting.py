"""Servers of translation sessions: a fault for each of their sessions, in memory or on sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from captioner.realtime.connection import Connection
from captioner.realtime.partners import HearingPartner, hears
from captioner.realtime.spoken_translations import Hearing
from captioner.realtime.trouble import closed
from tests.unit.realtime.peers.carrier import sent
from tests.unit.realtime.peers.interpreting import InterpretingPeer
from tests.unit.realtime.peers.peer import Answer, Close

_FOUND = hears("openai", "gpt-realtime-translate")
assert _FOUND is not None
PARTNER: HearingPartner = _FOUND


@dataclass
class InterpretingServer:
    """`peers`: its sessions, one after the other; then there are only good ones."""

    peers: Iterable[InterpretingPeer] = ()
    sessions: list[InterpretingPeer] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next: Iterator[InterpretingPeer] = iter(self.peers)

    def begin(self) -> InterpretingPeer:
        peer = next(self._next, None) or InterpretingPeer()
        self.sessions.append(peer)
        return peer

    def hearing(self, partner: HearingPartner = PARTNER) -> Hearing:
        """The server as its clients have it, in memory; also in virtual time."""
        return Hearing(partner, self.connect)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        yield _InMemory(self.begin())

    @asynccontextmanager
    async def on_sockets(self) -> AsyncIterator[str]:
        """Serve at a free port of 127.0.0.1; gives `ws://host:port`."""

        async def converse(socket: ServerConnection) -> None:
            assert socket.request is not None
            self.addresses.append(socket.request.path)
            peer = self.begin()
            try:
                there = await sent(socket, peer.begin())
                async for message in socket:
                    assert isinstance(message, str)
                    there = there and await sent(socket, peer.hear(message))
            except ConnectionClosed:
                pass

        async with serve(converse, "127.0.0.1", 0, compression=None) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            yield f"ws://127.0.0.1:{port}"


class _InMemory:
    """Implements `captioner.realtime.connection.Connection`."""

    def __init__(self, peer: InterpretingPeer) -> None:
        self._peer = peer
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._over: Close | None = None
        self._take(peer.begin())

    async def send(self, message: str) -> None:
        await asyncio.sleep(0)
        if self._over is not None:
            raise closed("openai", self._over.code, self._over.reason)
        self._take(self._peer.hear(message))

    async def receive(self) -> Mapping[str, Any]:
        answer = await self._answers.get()
        if isinstance(answer, Close):
            raise closed("openai", answer.code, answer.reason)
        return answer

    def _take(self, answers: Iterator[Answer]) -> None:
        for answer in answers:
            if isinstance(answer, Close):
                self._over = answer
            self._answers.put_nowait(answer)
