"""Reading from servers that keep to a script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection

from captioner.client import (
    BadInput,
    Caption,
    Hello,
    Numbered,
    Position,
    RoomEnded,
    RoomNotFound,
    ServerUnreachable,
    captions,
)
from tests.unit.client.scripted import Script, refuse, scripted_server, tell

pytestmark = pytest.mark.anyio


def hello(seq: int, *, recovered: bool = True, epoch: str = "e1") -> dict[str, Any]:
    return {
        "type": "hello",
        "room": "room",
        "epoch": epoch,
        "status": "live",
        "languages": ["en"],
        "seq": seq,
        "recovered": recovered,
    }


def caption(seq: int, text: str, *, name: str = "") -> dict[str, Any]:
    return {
        "type": "caption",
        "seq": seq,
        "id": name or f"u{seq}",
        "language": "en",
        "rev": 1,
        "text": text,
        "stable": len(text),
        "final": True,
        "start": 1.0,
        "end": 2.0,
        "track": "mic",
    }


def ended(seq: int) -> dict[str, Any]:
    return {"type": "room", "seq": seq, "status": "ended", "languages": ["en"]}


def saying(
    asked: list[dict[str, list[str]]], *messages: dict[str, Any], code: int | None = 1011
) -> Script:
    """Say `messages` and close with `code`, or go without a word; remember what was asked for."""

    async def script(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(parse_qs(urlsplit(socket.request.path).query))
        await tell(socket, *messages)
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code)

    return script


def texts(events: Iterable[Hello | Numbered]) -> list[str]:
    return [
        event.event.text
        for event in events
        if isinstance(event, Numbered) and isinstance(event.event, Caption)
    ]


async def test_a_reader_resumes_behind_the_last_event_it_saw() -> None:
    asked: list[dict[str, list[str]]] = []
    first = saying(asked, hello(4), caption(5, "one"))
    second = saying(asked, hello(6), caption(6, "two"), ended(7))
    async with scripted_server(first, second) as url:
        events = [event async for event in captions(url, "room", languages=["es", "pt-BR"])]
    assert texts(events) == ["one", "two"]
    assert [query.get("after") for query in asked] == [None, ["5"]]
    assert asked[1]["epoch"] == ["e1"]
    assert asked[1]["language"] == ["es", "pt-BR"]


async def test_a_cut_while_the_missed_events_come_loses_none_of_them() -> None:
    asked: list[dict[str, list[str]]] = []
    scripts = (
        saying(asked, hello(4)),
        saying(asked, hello(9), caption(5, "one")),
        saying(asked, hello(9), caption(9, "two"), ended(10)),
    )
    async with scripted_server(*scripts) as url:
        events = [event async for event in captions(url, "room")]
    assert texts(events) == ["one", "two"]
    assert [query.get("after") for query in asked] == [None, ["4"], ["5"]]


async def test_after_a_lost_history_what_follows_is_asked_for_from_its_beginning() -> None:
    asked: list[dict[str, list[str]]] = []
    scripts = (
        saying(asked, hello(40)),
        saying(asked, hello(3, recovered=False, epoch="e2")),
        saying(asked, hello(3, epoch="e2"), caption(3, "again"), ended(4)),
    )
    async with scripted_server(*scripts) as url:
        events = [event async for event in captions(url, "room", after=Position("e1", 30))]
    assert texts(events) == ["again"]
    assert [(query["epoch"], query["after"]) for query in asked] == [
        (["e1"], ["30"]),
        (["e1"], ["30"]),
        (["e2"], ["0"]),
    ]


async def test_a_room_that_has_ended_is_read_to_its_end_and_no_further() -> None:
    over = {**hello(2), "status": "ended"}
    async with scripted_server(saying([], over, caption(2, "the last words"))) as url:
        events = [event async for event in captions(url, "room")]
    assert texts(events) == ["the last words"]


async def test_a_reader_who_may_not_read_is_told() -> None:
    async def script(socket: ServerConnection) -> None:
        await refuse(socket, 4410, "over")

    async with scripted_server(script) as url:
        with pytest.raises(RoomEnded, match="over"):
            await anext(captions(url, "room"))


async def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(BadInput, match="not the address"):
        await anext(captions("localhost:8000", "room"))


async def test_no_server_at_all_is_said_at_once() -> None:
    async with scripted_server() as one, scripted_server() as other:
        pass
    with pytest.raises(ServerUnreachable, match="^No server answers"):
        await anext(captions(one, "room"))
    with pytest.raises(ServerUnreachable, match="None of 2 servers"):
        await anext(captions([one, other], "room"))


@pytest.mark.parametrize("code", [None, 1001, 1011, 1012, 4408, 4429, 4500])
async def test_another_server_goes_on_in_the_middle(code: int | None) -> None:
    asked: list[dict[str, list[str]]] = []
    first = saying(asked, hello(4), caption(5, "one"), code=code)
    second = saying(asked, hello(6), caption(6, "two"), ended(7), code=1000)
    async with scripted_server(first) as one, scripted_server(second) as other:
        events = [event async for event in captions([one, other], "room")]
    assert texts(events) == ["one", "two"]
    assert [query.get("after") for query in asked] == [None, ["5"]]


async def test_a_server_that_is_not_there_is_passed_over() -> None:
    async with scripted_server() as nobody:
        pass
    async with scripted_server(saying([], hello(4), caption(5, "one"), ended(6))) as url:
        events = [event async for event in captions([nobody, url], "room")]
    assert texts(events) == ["one"]


async def test_what_no_server_can_mend_is_raised_and_not_tried_elsewhere() -> None:
    async def script(socket: ServerConnection) -> None:
        await refuse(socket, 4404, "no such room")

    async with scripted_server(script) as one, scripted_server() as other:
        with pytest.raises(RoomNotFound, match="no such room"):
            await anext(captions([one, other], "room"))


async def test_servers_that_all_stay_away_are_given_up() -> None:
    async def end_with_the_server(socket: ServerConnection) -> None:
        await tell(socket, hello(4))
        await socket.wait_closed()

    async with scripted_server(end_with_the_server) as one, scripted_server() as other:
        events = captions([one, other], "room", patience=0.2)
        assert isinstance(await anext(events), Hello)
    with pytest.raises(ServerUnreachable, match="None of 2 servers"):
        await anext(events)


async def test_what_is_said_before_it_has_a_number_is_given_once() -> None:
    asked: list[dict[str, list[str]]] = []
    early, numbered = caption(5, "two", name="u9"), caption(6, "two", name="u9")
    first = saying(asked, hello(4), caption(5, "one"), early)
    second = saying(asked, hello(6), numbered)
    third = saying(asked, hello(6), ended(7))
    positions: list[Position] = []
    async with scripted_server(first, third) as one, scripted_server(second) as other:
        reading = captions([one, other], "room", on_position=positions.append)
        events = [event async for event in reading]
    assert texts(events) == ["one", "two"]
    assert [query.get("after") for query in asked] == [None, ["5"], ["6"]]
    assert positions[-1] == Position("e1", 7)


async def test_where_something_is_missing_what_follows_is_given_whatever_was_before() -> None:
    first = saying([], hello(4), caption(5, "one"))
    second = saying([], hello(5, recovered=False, epoch="e2"), caption(5, "one"), ended(6))
    async with scripted_server(first) as one, scripted_server(second) as other:
        events = [event async for event in captions([one, other], "room")]
    assert texts(events) == ["one", "one"]
    assert [event.recovered for event in events if isinstance(event, Hello)] == [True, False]


async def test_a_position_counts_what_was_taken() -> None:
    positions: list[Position] = []
    async with scripted_server(saying([], hello(4), caption(5, "one"), ended(6))) as url:
        async for event in captions(url, "room", on_position=positions.append):
            if isinstance(event, Numbered):
                assert positions[-1].seq == event.seq - 1
    assert [position.seq for position in positions] == [4, 5, 6]


async def test_a_room_that_has_ended_is_read_to_its_end_over_a_cut() -> None:
    asked: list[dict[str, list[str]]] = []
    over = {**hello(3), "status": "ended"}
    first = saying(asked, over, caption(2, "one"))
    second = saying(asked, over, caption(3, "two"), code=1000)
    async with scripted_server(first) as one, scripted_server(second) as other:
        events = [event async for event in captions([one, other], "room")]
    assert texts(events) == ["one", "two"]


async def test_what_a_newer_server_says_besides_is_passed_over() -> None:
    news = {"type": "weather", "seq": 5, "text": "sunny"}
    async with scripted_server(saying([], hello(4), news, caption(6, "one"), ended(7))) as url:
        events = [event async for event in captions(url, "room")]
    assert texts(events) == ["one"]
