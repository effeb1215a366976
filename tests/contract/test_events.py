"""Reading captions as server-sent events, the way a browser's EventSource does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from captioner.errors import CaptionerError
from tests.contract.edge import Edge
from tests.unit.delivery.speaking import caption, final

pytestmark = pytest.mark.anyio


@dataclass
class EventSource:
    """Takes the stream apart as the HTML standard says."""

    lines: asyncio.StreamReader
    status: int
    headers: dict[str, str]
    last_event_id: str = ""

    async def next(self) -> dict[str, Any] | None:
        """The next message; None at the end of the stream."""
        data = ""
        async with asyncio.timeout(30):
            async for raw in self.lines:
                name, _, value = raw.decode().rstrip("\r\n").partition(": ")
                if name == "id":
                    self.last_event_id = value
                elif name == "data":
                    data += value
                elif not name and data:
                    message: dict[str, Any] = json.loads(data)
                    return message
        return None


@asynccontextmanager
async def source(edge: Edge, query: str = "", last: str = "") -> AsyncIterator[EventSource]:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    resume = f"Last-Event-ID: {last}\r\n" if last else ""
    # HTTP/1.0: the stream comes as it is, not in chunks.
    writer.write(
        f"GET /v1/rooms/demo/events{query} HTTP/1.0\r\nHost: localhost\r\n{resume}\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    try:
        yield EventSource(reader, int(head[0].split()[1]), headers)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_captions_come_as_messages(edge: Edge) -> None:
    await edge.publish("demo", final(1), caption(2, 1, "we ship", 2))
    async with source(edge, "?mode=stable") as stream:
        assert (stream.status, stream.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
        hello, first, second = [await stream.next() for _ in range(3)]
        assert hello and first and second
        assert (hello["type"], first["id"], second["text"]) == ("hello", "u1", "we")
        await edge.publish("demo", final(2, 2, "we ship"))
        live = await stream.next()
        assert live and live["text"] == "we ship"
        assert stream.last_event_id == f"{hello['epoch']}:{live['seq']}"


async def test_a_stream_resumes_from_its_last_event_id(edge: Edge) -> None:
    await edge.publish("demo", final(1))
    async with source(edge) as stream:
        await stream.next()
        await stream.next()
        await edge.publish("demo", final(2))
        await stream.next()
    await edge.publish("demo", final(3), final(4), final(5))
    async with source(edge, last=stream.last_event_id) as resumed:
        hello, *missed = [await resumed.next() for _ in range(4)]
        assert hello and hello["recovered"] is True
        assert [event and event["id"] for event in missed] == ["u3", "u4", "u5"]


async def test_a_stream_cut_right_after_its_greeting_loses_nothing(edge: Edge) -> None:
    await edge.publish("demo")
    async with source(edge) as stream:
        await stream.next()
        assert await stream.lines.readline() == b"id: %b\n" % (await place(edge)).encode()


async def place(edge: Edge) -> str:
    position = await edge.bus.position("demo")
    return f"{position.epoch}:{position.seq}"


async def test_a_stream_ends_with_its_room(edge: Edge) -> None:
    await edge.publish("demo")
    async with source(edge) as stream:
        await stream.next()
        await edge.publish("demo", final(1))
        await edge.rooms.end("demo")
        caption_event, end = await stream.next(), await stream.next()
        assert caption_event and caption_event["id"] == "u1"
        assert end and end["status"] == "ended"
        assert await stream.next() is None


async def test_the_stream_of_an_ended_room_is_not_asked_for_again(edge: Edge) -> None:
    await edge.publish("demo", final(1))
    await edge.rooms.end("demo")
    async with source(edge, last=await place(edge)) as stream:
        assert stream.status == 204, "an EventSource comes back after everything else"


async def test_where_the_events_cannot_be_had_the_answer_says_so(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> NoReturn:
        raise CaptionerError("Nobody answers where the events are kept.")

    await edge.publish("demo")
    monkeypatch.setattr(edge.bus, "history", away)
    async with source(edge) as stream:
        assert (stream.status, stream.headers["content-type"]) == (
            500,
            "application/problem+json",
        )


async def test_a_last_event_id_that_is_none_is_refused(edge: Edge) -> None:
    await edge.publish("demo")
    for nonsense in ("17", "k3f9:soon"):
        async with source(edge, last=nonsense) as stream:
            assert (stream.status, stream.headers["content-type"]) == (
                400,
                "application/problem+json",
            )
