"""Readers on real sockets, which are written to past their transports."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from captioner.archive.store import Store
from captioner.captions.model import Numbered
from captioner.delivery.borrowed import borrow
from captioner.delivery.connection import Connection
from captioner.delivery.frames import frames_of
from captioner.delivery.round import OUTSIDE
from captioner.delivery.wire import PONG, TEXT
from tests.unit.delivery.house import NOW, House, house
from tests.unit.delivery.speaking import final

pytestmark = pytest.mark.anyio

LITTLE = 4 << 10
"""Bytes that each end's kernel is asked to keep."""
LONG = 1 << 20
"""Characters that no kernel takes at once then."""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The product's event loop, and the other one."""
    return "asyncio", {"use_uvloop": request.param}


class Client:
    """The other end of a connection; it reads from when it is asked to."""

    def __init__(self, line: socket.socket, connection: Connection) -> None:
        self.line = line
        self.connection = connection
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, size: int) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self.line)
        return await self._streams[0].readexactly(size)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, size = await self.read(2)
        if size > 125:
            size = int.from_bytes(await self.read(2 if size == 126 else 8), "big")
        return first & 0x0F, await self.read(size)

    async def ids(self, count: int) -> list[str]:
        """Of the next captions."""
        frames = [await self.frame() for _ in range(count)]
        assert all(opcode == TEXT for opcode, _ in frames)
        return [json.loads(data)["id"] for _, data in frames]

    def fill(self) -> int:
        """Send until the kernel takes no more; return how many bytes that were."""
        sent = 0
        assert self.connection.send is not None
        while True:
            try:
                sent += self.connection.send(bytes(LITTLE))
            except BlockingIOError:
                return sent

    async def until(self, *, is_member: bool) -> None:
        async with asyncio.timeout(30):
            while (self.connection.place != OUTSIDE) is not is_member:  # noqa: ASYNC110
                await asyncio.sleep(0)


async def turns() -> None:
    """Let the event loop go round."""
    for _ in range(8):
        await asyncio.sleep(0)


@asynccontextmanager
async def reading(at: House) -> AsyncIterator[Client]:
    """A member of the room's group, with little room in both kernels."""
    loop = asyncio.get_running_loop()
    accepted: asyncio.Future[asyncio.Transport] = loop.create_future()
    with socket.socket() as listener, socket.socket() as line:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LITTLE)
        listener.bind(("127.0.0.1", 0))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        async with await loop.create_server(lambda: Accepting(accepted), sock=listener):
            line.setblocking(False)
            await loop.sock_connect(line, listener.getsockname())
            transport = await accepted
            async with at.hub.attend(at.room, NOW) as connection:
                transport.set_protocol(connection)
                connection.connection_made(transport)
            client = Client(line, connection)
            await client.until(is_member=True)
            try:
                yield client
            finally:
                client.close()
                connection.abort()
                await turns()


class Accepting(asyncio.Protocol):
    def __init__(self, accepted: asyncio.Future[asyncio.Transport]) -> None:
        self._accepted = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._accepted.set_result(cast(asyncio.Transport, transport))


async def test_what_the_kernel_does_not_take_follows_and_newer_frames_after_it(
    store: Store,
) -> None:
    async with house(store) as at, reading(at) as client, asyncio.timeout(30):
        await at.bus.publish("demo", final(1, text=LONG * "x"))
        await client.until(is_member=False)
        await at.bus.publish("demo", final(2))
        hello, long = await client.frame(), await client.frame()
        assert json.loads(hello[1])["type"] == "hello"
        assert json.loads(long[1])["text"] == LONG * "x"
        assert await client.ids(1) == ["u2"]
        await client.until(is_member=True)
        await at.bus.publish("demo", final(3))
        assert await client.ids(1) == ["u3"]


async def test_a_frame_does_not_overtake_a_pong_that_waits_in_the_transport(store: Store) -> None:
    async with house(store) as at, reading(at) as client, asyncio.timeout(30):
        filled = client.fill()
        client.connection.data_received(b"\x89\x81\0\0\0\0?")
        await at.bus.publish("demo", final(1))
        await turns()
        await client.frame()  # `hello`
        assert not any(await client.read(filled))
        assert await client.frame() == (PONG, b"?")
        assert await client.ids(1) == ["u1"]


async def test_a_reader_that_dies_in_the_middle_of_a_round_takes_nobody_along(
    store: Store,
) -> None:
    async with (
        house(store) as at,
        reading(at) as one,
        reading(at) as dead,
        reading(at) as other,
        asyncio.timeout(30),
    ):
        group = one.connection._group
        dead.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
        dead.line.close()
        assert dead.connection.place != OUTSIDE
        seq = (await at.bus.position("demo")).seq
        # Nothing else runs, and so nobody hears of the death before the round does.
        group.offer(frames_of(Numbered(seq, final(1)))["fast"])
        while group.is_due:
            group.write()
        await dead.until(is_member=False)
        await at.bus.publish("demo", final(2))
        for client in (one, other):
            await client.frame()  # `hello`
            assert await client.ids(2) == ["u1", "u2"]
        assert len(group) == 2


async def test_a_socket_is_given_back_when_its_connection_is_lost(store: Store) -> None:
    async with house(store) as at:
        async with reading(at) as client:
            borrowed = client.connection._socket
            assert borrowed is not None
            assert borrowed.fileno() != -1
        assert borrowed.fileno() == -1


async def test_a_borrowed_socket_that_is_forgotten_stays_open() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        borrowed = borrow(asyncio.Transport({"socket": one}))
        assert borrowed is not None
        borrowed.send(b"a")
        del borrowed
        one.send(b"b")
        assert other.recv(2) == b"ab"


async def test_nothing_is_sent_past_what_encrypts() -> None:
    one, other = socket.socketpair()
    with one, other:
        tls = ssl.create_default_context()
        assert borrow(asyncio.Transport({"socket": one, "sslcontext": tls})) is None
        assert borrow(asyncio.Transport()) is None
