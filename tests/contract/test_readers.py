"""How many read is counted, however they read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.contract.edge import Edge, running_edge
from tests.unit.delivery.speaking import final
from tests.unit.rooms.shared.test_room import until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["handed over", "a task a reader"])
async def edge(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Edge]:
    """Servers that hand their transports over, and those that do not."""
    async with running_edge(tmp_path, hands_over=request.param == "handed over") as edge:
        await edge.publish("demo", final(1))
        yield edge


async def count(edge: Edge, wanted: int) -> None:
    value = edge.metrics.registry.get_sample_value
    await until(lambda: value("captioner_readers") == wanted, f"there are {wanted} readers")


async def test_readers_over_websockets_are_counted_until_they_leave(edge: Edge) -> None:
    address = f"{edge.ws_url}/v1/rooms/demo/captions"
    await count(edge, 0)
    async with connect(address) as one:
        async with connect(address) as other:
            await asyncio.gather(one.recv(), other.recv())
            await count(edge, 2)
        await count(edge, 1)
        one.transport.abort()
        await count(edge, 0)


async def test_a_reader_of_server_sent_events_is_counted_until_it_leaves(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /v1/rooms/demo/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readuntil(b"data:")
    await count(edge, 1)
    writer.close()
    await count(edge, 0)


async def test_readers_of_a_room_that_ends_are_counted_no_more(edge: Edge) -> None:
    async with connect(f"{edge.ws_url}/v1/rooms/demo/captions") as reader:
        await reader.recv()
        await count(edge, 1)
        await edge.ask("POST", "/v1/rooms/demo/end")
        await reader.wait_closed()
        await count(edge, 0)
