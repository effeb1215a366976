"""A reader's transport after uvicorn: the WebSocket protocol byte by byte, and its end."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from captioner.delivery.connection import Connection
from tests.contract.edge import Edge, running_edge
from tests.unit.delivery.speaking import final

pytestmark = pytest.mark.anyio

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x12\x34\x56\x78"


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, mask: bytes = MASK) -> bytes:
    """A client's frame; without a mask, one that breaks the protocol."""
    first, masked = opcode | (0x80 if fin else 0), 0x80 if mask else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, masked | len(data))
    elif len(data) < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, masked | 127, len(data))
    if mask:
        key = mask * (len(data) // 4 + 1)
        data = bytes(a ^ b for a, b in zip(data, key, strict=False))
    return head + mask + data


def farewell(code: int) -> bytes:
    return struct.pack("!H", code)


@dataclass
class Raw:
    """A client that writes bytes as the test wants them."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def frame(self) -> tuple[int, bytes]:
        """The server's next frame: opcode and payload."""
        async with asyncio.timeout(30):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            assert first & 0xF0 == 0x80, "one frame a message, not compressed"
            return first & 0x0F, await self.reader.readexactly(size)

    async def event(self) -> Any:
        opcode, data = await self.frame()
        assert opcode == TEXT
        return json.loads(data)

    async def ends(self) -> bool:
        """Whether the server closes the connection, after nothing more."""
        async with asyncio.timeout(30):
            return await self.reader.read() == b""


@asynccontextmanager
async def raw(edge: Edge, early: bytes = b"") -> AsyncIterator[Raw]:
    """A reader of the room `demo`; `early` comes in one piece with its request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    request = (
        "GET /v1/rooms/demo/captions HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode() + early)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"extensions" not in head.lower()
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def greeted(edge: Edge) -> AsyncIterator[Raw]:
    await edge.publish("demo")
    async with raw(edge) as client:
        assert (await client.event())["type"] == "hello"
        yield client


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)


async def test_nothing_of_the_server_stays_but_our_connection(edge: Edge) -> None:
    state = edge.server.server_state
    async with greeted(edge):
        kinds: list[type] = [type(connection) for connection in state.connections]
        assert kinds == [Connection]
        await until(lambda: not state.tasks)
    await until(lambda: not state.connections)


async def test_what_comes_with_the_request_is_heard(edge: Edge) -> None:
    await edge.publish("demo")
    whole = frame(PING, b"early")
    for cut in (len(whole), 1, 4):
        async with raw(edge, whole[:cut]) as client:
            assert (await client.event())["type"] == "hello"
            client.writer.write(whole[cut:])
            assert await client.frame() == (PONG, b"early")


async def test_a_large_message_with_the_request_is_dropped(edge: Edge) -> None:
    await edge.publish("demo")
    async with raw(edge, frame(TEXT, bytes(300_000)) + frame(PING, b"still here")) as client:
        assert (await client.event())["type"] == "hello"
        assert await client.frame() == (PONG, b"still here")


async def test_what_comes_with_the_request_of_a_publisher_is_heard(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    request = (
        "GET /v1/rooms/demo/audio HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode() + frame(TEXT, b'{"type": "nonsense"}'))
    await reader.readuntil(b"\r\n\r\n")
    assert (await Raw(reader, writer).event())["type"] == "error"
    writer.close()
    await writer.wait_closed()


async def test_messages_mean_nothing_however_they_are_cut(edge: Edge) -> None:
    async with greeted(edge) as client:
        said = (
            frame(TEXT, b"one", fin=False)
            + frame(PING, b"between")
            + frame(CONTINUATION, b"message")
            + frame(BINARY, bytes(70_000))
            + frame(PING, b"after")
        )
        for at in range(0, 40):
            client.writer.write(said[at : at + 1])
            await client.writer.drain()
        client.writer.write(said[40:])
        assert await client.frame() == (PONG, b"between")
        assert await client.frame() == (PONG, b"after")


async def test_a_client_that_closes_is_answered(edge: Edge) -> None:
    async with greeted(edge) as client:
        client.writer.write(frame(CLOSE, farewell(1000) + b"bye") + frame(PING))
        assert await client.frame() == (CLOSE, farewell(1000))
        assert await client.ends()
    async with greeted(edge) as client:
        client.writer.write(frame(CLOSE))
        assert await client.frame() == (CLOSE, b"")
        assert await client.ends()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"hello", mask=b""), 1002),
        (frame(3), 1002),
        (frame(0x40 | TEXT, b"compressed"), 1002),
        (frame(PING, bytes(126)), 1002),
        (frame(PING, b"half", fin=False), 1002),
        (frame(CONTINUATION, b"of nothing"), 1002),
        (frame(TEXT, b"one", fin=False) + frame(TEXT, b"two"), 1002),
        (frame(CLOSE, b"x"), 1002),
        (frame(CLOSE, farewell(1005)), 1002),
        (frame(CLOSE, farewell(999)), 1002),
        (frame(CLOSE, farewell(1000) + b"\xff"), 1007),
        (frame(TEXT, bytes(1 << 20) + b"x")[:20], 1009),
        (frame(TEXT, bytes(600_000), fin=False) + frame(CONTINUATION, bytes(600_000)), 1009),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_let_go(
    edge: Edge, sent: bytes, code: int
) -> None:
    async with greeted(edge) as client:
        client.writer.write(sent)
        opcode, data = await client.frame()
        assert (opcode, data[:2]) == (CLOSE, farewell(code))
        assert data[2:].decode()


async def test_the_end_is_a_handshake(edge: Edge) -> None:
    async with greeted(edge) as client:
        await edge.publish("demo", final(1))
        await edge.rooms.end("demo")
        assert [(await client.event())["type"] for _ in range(2)] == ["caption", "room"]
        assert await client.frame() == (CLOSE, farewell(1000))
        await edge.bus.publish("demo", final(2))
        client.writer.write(frame(PING) + frame(CLOSE, farewell(1000)))
        assert await client.ends()


async def test_a_client_that_is_cut_off_is_forgotten(edge: Edge) -> None:
    state = edge.server.server_state
    async with greeted(edge) as client:
        client.writer.transport.abort()
        await until(lambda: not state.connections)
        await asyncio.wait_for(edge.hub.close(), 30)


async def test_a_client_that_closes_its_side_only_is_forgotten(edge: Edge) -> None:
    async with greeted(edge) as client:
        client.writer.write_eof()
        assert await client.ends()
        await until(lambda: not edge.server.server_state.connections)


async def test_a_server_that_stops_at_once_says_that_it_comes_back(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        await edge.publish("demo")
        reader = await connect(f"{edge.ws_url}/v1/rooms/demo/captions")
        await reader.recv()
    with pytest.raises(ConnectionClosed):
        await reader.recv()
    assert reader.close_code == 1012


async def test_one_that_stalls_is_let_go_and_the_others_get_everything(edge: Edge) -> None:
    await edge.publish("demo")
    texts = [f"{number} " + 60_000 * "x" for number in range(1, 61)]
    async with greeted(edge) as stalled, greeted(edge) as one, greeted(edge) as other:
        for number, text in enumerate(texts, 1):
            await edge.bus.publish("demo", final(number, text=text))
            assert [(await client.event())["text"] for client in (one, other)] == [text, text]
        ids = []
        while (event := await stalled.event())["type"] != "error":
            ids.append(event["id"])
        assert ids == [f"u{number}" for number in range(1, len(ids) + 1)]
        assert event["code"] == "too_slow"
        assert (await stalled.frame())[1][:2] == farewell(4408)
