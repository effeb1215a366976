from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve

from captioner.errors import EngineUnavailable
from captioner.realtime.connection import connector, transcription_address

pytestmark = pytest.mark.anyio


async def test_events_go_both_ways_and_what_is_no_event_says_nothing() -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connector(f"ws://127.0.0.1:{port}/")() as connection:
            for sent, received in [('{"type":"x"}', {"type": "x"}), ("[1]", {}), ("no JSON", {})]:
                await connection.send(sent)
                assert await connection.receive() == received


async def test_a_lost_connection_is_an_engine_that_is_not_there() -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.close(1013)

    async with serve(leave, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connector(f"ws://127.0.0.1:{port}/")() as connection:
            with pytest.raises(EngineUnavailable, match="1013"):
                await connection.receive()
            with pytest.raises(EngineUnavailable, match="1013"):
                await connection.send("{}")


async def test_nobody_at_the_address_is_an_engine_that_is_not_there() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    for url in (f"ws://127.0.0.1:{port}/", "http://not-a-websocket/"):
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            async with connector(url)():
                pass


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("ws://host:1", "ws://host:1/v1/realtime?intent=transcription"),
        ("wss://host/", "wss://host/v1/realtime?intent=transcription"),
        ("ws://host/own?model=x", "ws://host/own?model=x"),
    ],
)
async def test_an_address_may_leave_out_what_is_usual(server: str, address: str) -> None:
    assert transcription_address(server) == address
