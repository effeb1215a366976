"""Reading captions over a WebSocket, as a client of somebody else would."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from captioner.captions.model import Gap, RoomChange
from captioner.errors import CaptionerError
from tests.contract.edge import Edge, running_edge
from tests.unit.delivery.speaking import caption, final

pytestmark = pytest.mark.anyio

Event = dict[str, Any]


@pytest.fixture(params=["handed over", "a task a reader"])
async def edge(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Edge]:
    """Servers that hand their transports over, and those that do not."""
    async with running_edge(tmp_path, hands_over=request.param == "handed over") as edge:
        yield edge


def reading(edge: Edge, query: str = "", room: str = "demo") -> connect:
    return connect(f"{edge.ws_url}/v1/rooms/{room}/captions{query}", compression=None)


async def events(reader: ClientConnection, count: int) -> list[Event]:
    """The next events."""
    async with asyncio.timeout(30):
        return [json.loads(await reader.recv()) for _ in range(count)]


async def to_the_end(reader: ClientConnection) -> tuple[list[Event], int | None]:
    """All that comes, and the code that the server closes with."""
    read: list[Event] = []
    try:
        async with asyncio.timeout(60):
            while True:
                read.append(json.loads(await reader.recv()))
    except ConnectionClosed:
        return read, reader.close_code


async def test_a_reader_is_greeted_shown_the_last_and_told_what_happens(edge: Edge) -> None:
    await edge.publish("demo", final(1), final(2), final(3), caption(4, 1, "we ship"))
    async with reading(edge) as reader:
        hello, *before = await events(reader, 4)
        assert (hello["type"], hello["room"], hello["recovered"]) == ("hello", "demo", False)
        assert [event["id"] for event in before] == ["u2", "u3", "u4"]
        gap = Gap("en", 1.0, 2.5, "engine_unavailable")
        await edge.publish("demo", caption(4, 2, "we ship on Monday", 7), gap)
        now = await events(reader, 2)
    assert now == [
        {
            "type": "caption",
            "seq": hello["seq"] + 1,
            "id": "u4",
            "language": "en",
            "rev": 2,
            "text": "we ship on Monday",
            "stable": 7,
            "final": False,
            "start": 4.0,
            "end": 5.0,
            "track": "mic",
        },
        {
            "type": "gap",
            "seq": hello["seq"] + 2,
            "language": "en",
            "start": 1.0,
            "end": 2.5,
            "reason": "engine_unavailable",
        },
    ]


async def test_a_reader_resumes_with_what_it_missed(edge: Edge) -> None:
    await edge.publish("demo", final(1), caption(2, 1, "we"))
    async with reading(edge) as reader:
        hello = (await events(reader, 3))[0]
    await edge.publish("demo", caption(2, 2, "we ship"), final(2, 3), caption(3, 1, "on"))
    async with reading(edge, f"?after={hello['seq']}&epoch={hello['epoch']}") as reader:
        greeting, *missed = await events(reader, 3)
        assert greeting["recovered"] is True
        assert [(event["id"], event["rev"]) for event in missed] == [("u2", 3), ("u3", 1)]


async def test_a_reader_is_told_when_its_place_is_lost(edge: Edge) -> None:
    await edge.publish("demo", final(1), final(2), final(3))
    async with reading(edge, "?after=17&epoch=before") as reader:
        greeting, *all_kept = await events(reader, 5)
        assert greeting["recovered"] is False
        assert [event.get("id") for event in all_kept] == [None, "u1", "u2", "u3"]


async def test_each_mode_is_told_what_it_asked_for(edge: Edge) -> None:
    await edge.publish("demo")
    told = [
        (caption(1, 1, "we chip", 2), {"fast": "we chip", "stable": "we"}),
        (caption(1, 2, "we ship", 2), {"fast": "we ship"}),
        (caption(2, 1, "eh"), {"fast": "eh"}),
        (caption(2, 2, "", final=True), {"fast": ""}),
        (final(1, 3, "we ship"), {"fast": "we ship", "stable": "we ship", "final": "we ship"}),
    ]
    async with AsyncExitStack() as stack:
        readers = {
            mode: await stack.enter_async_context(reading(edge, f"?mode={mode}"))
            for mode in ("fast", "stable", "final")
        }
        for reader in readers.values():
            await events(reader, 1)
        for event, texts in told:
            await edge.publish("demo", event)
            for mode, text in texts.items():
                assert (await events(readers[mode], 1))[0]["text"] == text
        await edge.publish("demo", RoomChange("paused", ("en",)))
        for reader in readers.values():
            assert (await events(reader, 1))[0]["type"] == "room"


async def test_a_reader_gets_the_languages_it_names(edge: Edge) -> None:
    await edge.publish("demo")
    async with reading(edge, "?language=es&language=PT&mode=final") as reader:
        await events(reader, 1)
        for language in ("en", "es", "de", "pt"):
            await edge.bus.publish("demo", final(1, language=language))
        assert [event["language"] for event in await events(reader, 2)] == ["es", "pt"]


@pytest.mark.parametrize(
    ("room", "query", "close_code", "code"),
    [
        ("nowhere", "", 4404, "room_not_found"),
        ("Not_A_Room", "", 4404, "room_not_found"),
        ("demo", "?after=yesterday", 4400, "bad_input"),
        ("demo", "?mode=sideways", 4400, "bad_input"),
    ],
)
async def test_a_reader_that_cannot_be_served_is_told_why(
    edge: Edge, room: str, query: str, close_code: int, code: str
) -> None:
    await edge.publish("demo")
    async with reading(edge, query, room) as reader:
        read, closed = await to_the_end(reader)
    assert closed == close_code
    assert [(event["type"], event["code"], event["fatal"]) for event in read] == [
        ("error", code, True)
    ]
    assert read[0]["message"]


async def test_what_a_reader_says_does_not_matter(edge: Edge) -> None:
    await edge.publish("demo")
    async with reading(edge) as reader:
        await events(reader, 1)
        for nonsense in ("{", b"\0" * 100_000, '{"type": "start"}'):
            await reader.send(nonsense)
        await edge.publish("demo", final(1))
        assert (await events(reader, 1))[0]["id"] == "u1"


async def test_a_reader_that_does_not_read_is_let_go_and_can_resume(edge: Edge) -> None:
    await edge.publish("demo")
    names = [f"u{number}" for number in range(1, 501)]
    async with narrow_reader(edge) as slow, reading(edge) as quick:
        hello = (await events(slow, 1))[0]
        await events(quick, 1)
        for number in range(1, 501):
            await edge.bus.publish("demo", final(number, text="words " * 4_000))
            await events(quick, 1)
        read, closed = await to_the_end(slow)
    assert closed == 4408
    *finals, problem = read
    assert (problem["type"], problem["code"]) == ("error", "too_slow")
    assert [event["id"] for event in finals] == names[: len(finals)]
    position = f"?after={finals[-1]['seq']}&epoch={hello['epoch']}"
    async with reading(edge, position) as reader:
        greeting, *rest = await events(reader, 1 + len(names) - len(finals))
    assert greeting["recovered"] is True
    assert [event["id"] for event in finals + rest] == names


def narrow_reader(edge: Edge) -> connect:
    """A reader whose network holds little, so that what it does not read stays with the server."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", edge.port))
    return connect(
        f"{edge.ws_url}/v1/rooms/demo/captions", sock=narrow, compression=None, max_queue=1
    )


async def test_the_end_of_a_room_ends_its_readers(edge: Edge) -> None:
    await edge.publish("demo")
    async with reading(edge) as reader:
        await events(reader, 1)
        await edge.publish("demo", final(1))
        assert (await edge.ask("POST", "/v1/rooms/demo/end")).status == 200
        read, closed = await to_the_end(reader)
    assert [event.get("status", event["type"]) for event in read] == ["caption", "ended"]
    assert closed == 1000


async def test_a_room_that_ended_is_read_to_its_end(edge: Edge) -> None:
    await edge.publish("demo", final(1))
    await edge.rooms.end("demo")
    async with reading(edge) as reader:
        read, closed = await to_the_end(reader)
    assert [event.get("status", event["type"]) for event in read] == ["ended", "caption"]
    assert closed == 1000


async def test_the_readers_of_an_erased_room_are_let_go(edge: Edge) -> None:
    await edge.publish("demo")
    async with reading(edge) as reader:
        await events(reader, 1)
        await edge.ask("DELETE", "/v1/rooms/demo")
        read, closed = await to_the_end(reader)
    assert [event["status"] for event in read] == ["ended"]
    assert closed == 1000


async def test_a_server_that_stops_says_that_it_is_going_away(edge: Edge) -> None:
    await edge.publish("demo")
    async with reading(edge) as reader:
        await events(reader, 1)
        await edge.hub.close()
        assert (await to_the_end(reader))[1] == 1001


async def test_a_failure_of_ours_says_nothing_of_its_inside(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.rooms.__class__, "get", lambda *_: 1 / 0)
    async with reading(edge) as reader:
        read, closed = await to_the_end(reader)
    assert closed == 4500
    assert [event["code"] for event in read] == ["internal"]
    assert "division" not in read[0]["message"]


async def test_a_reader_is_told_where_the_events_cannot_be_had(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> NoReturn:
        raise CaptionerError("Nobody answers where the events are kept.")

    await edge.publish("demo")
    for part in ("history", "position"):
        with monkeypatch.context() as patched:
            patched.setattr(edge.bus, part, away)
            async with reading(edge) as reader:
                read, closed = await to_the_end(reader)
        assert closed == 4500
        assert [event["message"] for event in read] == ["Nobody answers where the events are kept."]


async def test_another_sites_page_cannot_read(edge: Edge) -> None:
    await edge.publish("demo")
    url = f"{edge.ws_url}/v1/rooms/demo/captions"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
    async with connect(url, origin=f"http://127.0.0.1:{edge.port}") as reader:  # type: ignore[arg-type]
        await events(reader, 1)
