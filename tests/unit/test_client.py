"""The client against a server that keeps to a script, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve

from captioner.captions.model import Caption, Numbered, Position
from captioner.client import Hello, captions, publish
from captioner.errors import BadInput, RoomEnded, RoomNotFound, ServerUnreachable

pytestmark = pytest.mark.anyio

RATE = 1000
SECOND = bytes(range(250)) * 8
"""A second of 16-bit samples at `RATE`; no two neighbours are alike."""

Script = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[str]:
    """A server that plays the n-th script to the n-th connection; yields its address."""
    waiting = list(scripts)

    async def play(socket: ServerConnection) -> None:
        await waiting.pop(0)(socket)

    async with asyncio.timeout(60), serve(play, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    assert not waiting, "the client did not come back"


async def chunks(audio: bytes, size: int = 500) -> AsyncIterator[bytes]:
    for first in range(0, len(audio), size):
        yield audio[first : first + size]


async def tell(socket: ServerConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def started(socket: ServerConnection, resume_from: float = 0) -> dict[str, Any]:
    """Take the stream; return what the client said of it."""
    start: dict[str, Any] = json.loads(await socket.recv())
    await tell(socket, {"type": "started", "stream": start["stream"], "resume_from": resume_from})
    return start


async def audio_until_stop(socket: ServerConnection) -> bytes:
    audio = b""
    async for message in socket:
        if isinstance(message, str):
            assert json.loads(message) == {"type": "stop"}
            return audio
        audio += message
    raise AssertionError("the client went without a stop")


async def refuse(socket: ServerConnection, code: int, message: str) -> None:
    await tell(socket, {"type": "error", "code": "any", "message": message, "fatal": True})
    await socket.close(code)


async def test_everything_is_sent_and_then_stopped() -> None:
    heard: list[Any] = []

    async def script(socket: ServerConnection) -> None:
        heard.append(await started(socket))
        heard.append(await audio_until_stop(socket))
        await tell(socket, {"type": "ack", "until": 3.0}, {"type": "stopped"})

    acknowledged: list[float] = []
    async with scripted_server(script) as url:
        await publish(
            url,
            "room",
            chunks(SECOND * 3),
            sample_rate=RATE,
            stream="mic",
            speaker="Ana",
            on_ack=acknowledged.append,
        )
    start, audio = heard
    assert start == {
        "type": "start",
        "stream": "mic",
        "format": "pcm_s16le",
        "sample_rate": RATE,
        "channels": 1,
        "speaker": "Ana",
    }
    assert audio == SECOND * 3
    assert acknowledged == [0.0, 3.0]


async def test_trouble_of_the_recogniser_is_told_and_ends_nothing() -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket)
        await tell(
            socket,
            {"type": "error", "code": "engine_unavailable", "message": "no key", "fatal": False},
        )
        await audio_until_stop(socket)
        await tell(socket, {"type": "ack", "until": 1.0}, {"type": "stopped"})

    told: list[str] = []
    async with scripted_server(script) as url:
        await publish(url, "room", chunks(SECOND), sample_rate=RATE, on_trouble=told.append)
    assert told == ["no key"]


async def test_trouble_that_is_over_is_no_reason_for_a_later_close() -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket)
        await tell(
            socket,
            {"type": "error", "code": "engine_unavailable", "message": "no key", "fatal": False},
        )
        await socket.close(4410, "the room has ended")

    async with scripted_server(script) as url:
        with pytest.raises(RoomEnded, match="the room has ended"):
            await publish(url, "room", chunks(SECOND), sample_rate=RATE)


async def test_after_a_cut_it_sends_again_from_where_the_server_asks() -> None:
    spoken = b"".join(SECOND[n:] + SECOND[:n] for n in range(0, 40, 2))
    resumed: list[bytes] = []

    async def cut_in_the_middle(socket: ServerConnection) -> None:
        await started(socket)
        received = 0
        while received < 3 * len(SECOND):
            received += len(await socket.recv())
        await tell(socket, {"type": "ack", "until": 1.0})
        socket.transport.abort()

    async def go_on(socket: ServerConnection) -> None:
        await started(socket, resume_from=2.5)
        resumed.append(await audio_until_stop(socket))
        await tell(socket, {"type": "stopped"})

    async with scripted_server(cut_in_the_middle, go_on) as url:
        await publish(url, "room", chunks(spoken), sample_rate=RATE)
    assert resumed == [spoken[5 * RATE :]]


async def test_a_cut_after_the_stop_is_made_good() -> None:
    async def cut_after_stop(socket: ServerConnection) -> None:
        await started(socket)
        await audio_until_stop(socket)
        socket.transport.abort()

    async def finish(socket: ServerConnection) -> None:
        await started(socket, resume_from=1.0)
        assert await audio_until_stop(socket) == b""
        await tell(socket, {"type": "stopped"})

    async with scripted_server(cut_after_stop, finish) as url:
        await publish(url, "room", chunks(SECOND), sample_rate=RATE)


async def test_a_stream_that_the_room_knows_is_continued() -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket, resume_from=100.0)
        assert await audio_until_stop(socket) == SECOND
        await tell(socket, {"type": "ack", "until": 101.0}, {"type": "stopped"})

    acknowledged: list[float] = []
    async with scripted_server(script) as url:
        await publish(
            url,
            "room",
            chunks(SECOND),
            sample_rate=RATE,
            stream="mic",
            on_ack=acknowledged.append,
        )
    assert acknowledged == [0.0, 1.0]


async def test_a_source_that_breaks_is_captioned_as_far_as_it_got() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield SECOND
        raise OSError("the file ends in the middle")

    async def script(socket: ServerConnection) -> None:
        await started(socket)
        assert await audio_until_stop(socket) == SECOND
        await tell(socket, {"type": "stopped"})

    async with scripted_server(script) as url:
        with pytest.raises(OSError, match="in the middle"):
            await publish(url, "room", breaking(), sample_rate=RATE)


@pytest.mark.parametrize(("code", "kind"), [(4400, BadInput), (4404, RoomNotFound)])
async def test_what_waiting_cannot_mend_is_raised(code: int, kind: type[Exception]) -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket)
        await refuse(socket, code, "plain words")

    async with scripted_server(script) as url:
        with pytest.raises(kind, match="plain words"):
            await publish(url, "room", chunks(SECOND), sample_rate=RATE)


async def test_no_server_at_all_is_said_at_once() -> None:
    async with scripted_server() as url:
        pass
    with pytest.raises(ServerUnreachable, match="No server answers"):
        await publish(url, "room", chunks(SECOND), sample_rate=RATE)
    with pytest.raises(ServerUnreachable, match="No server answers"):
        await anext(captions(url, "room"))


async def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(BadInput, match="not the address"):
        await anext(captions("localhost:8000", "room"))


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


def caption(seq: int, text: str) -> dict[str, Any]:
    return {
        "type": "caption",
        "seq": seq,
        "id": f"u{seq}",
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


def saying(asked: list[dict[str, list[str]]], *messages: dict[str, Any]) -> Script:
    """Say `messages` and cut the connection; remember what was asked for."""

    async def script(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(parse_qs(urlsplit(socket.request.path).query))
        await tell(socket, *messages)
        await socket.close(1011)

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
