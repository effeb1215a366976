"""One address in front of several servers, as a load balancer is: what dies is not asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

_BLOCK = 1 << 16


@asynccontextmanager
async def balanced(ports: Sequence[int]) -> AsyncIterator[int]:
    """Gives a port of 127.0.0.1 whose connections go to these, one after the other.

    A port that refuses is passed over. What breaks on one side is broken on the other.
    """
    turns = [0]
    connections: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            turns[0] += 1
            order = [ports[(turns[0] + place) % len(ports)] for place in range(len(ports))]
            await _carry(order, reader, writer)
        finally:
            connections.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(carry, "127.0.0.1", 0, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in tuple(connections):
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _carry(
    ports: Sequence[int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for port in ports:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", port)
            break
    else:
        return
    ways = [asyncio.create_task(_pump(reader, back)), asyncio.create_task(_pump(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        with suppress(OSError):
            await writer.drain()
        back.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_BLOCK):
            writer.write(data)
            await writer.drain()
