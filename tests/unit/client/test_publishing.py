"""Publishing to servers that keep to a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from captioner.client import (
    BadInput,
    RoomEnded,
    RoomNotFound,
    ServerUnreachable,
    StreamInUse,
    publish,
)
from tests.unit.client.scripted import refuse, scripted_server, tell

pytestmark = pytest.mark.anyio

RATE = 1000
SECOND = bytes(range(250)) * 8
"""A second of 16-bit samples at `RATE`; no two neighbours are alike."""


async def chunks(audio: bytes, size: int = 500) -> AsyncIterator[bytes]:
    for first in range(0, len(audio), size):
        yield audio[first : first + size]


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


SPOKEN = b"".join(SECOND[n:] + SECOND[:n] for n in range(0, 40, 2))


@pytest.mark.parametrize("code", [None, 1001, 1012, 4429, 4500])
async def test_another_server_goes_on_in_the_middle(code: int | None) -> None:
    resumed: list[bytes] = []

    async def go_away(socket: ServerConnection) -> None:
        await started(socket)
        received = 0
        while received < 3 * len(SECOND):
            received += len(await socket.recv())
        await tell(socket, {"type": "ack", "until": 1.0})
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code)

    async def go_on(socket: ServerConnection) -> None:
        start = await started(socket, resume_from=2.5)
        assert start["stream"] == "mic"
        resumed.append(await audio_until_stop(socket))
        await tell(socket, {"type": "stopped"})

    async with scripted_server(go_away) as one, scripted_server(go_on) as other:
        await publish([one, other], "room", chunks(SPOKEN), sample_rate=RATE, stream="mic")
    assert resumed == [SPOKEN[5 * RATE :]]


async def test_with_both_servers_dying_in_turn_nothing_is_lost_or_sent_twice() -> None:
    captioned = bytearray()

    async def caption_two_seconds(socket: ServerConnection) -> None:
        """Caption two more seconds, and be killed in the middle of what follows."""
        await started(socket, resume_from=len(captioned) / 2 / RATE)
        received = b""
        while len(received) < 3 * len(SECOND):
            message = await socket.recv()
            assert isinstance(message, bytes)
            received += message
        captioned.extend(received[: 2 * len(SECOND)])
        await tell(socket, {"type": "ack", "until": len(captioned) / 2 / RATE})
        socket.transport.abort()

    async def caption_the_rest(socket: ServerConnection) -> None:
        await started(socket, resume_from=len(captioned) / 2 / RATE)
        captioned.extend(await audio_until_stop(socket))
        await tell(socket, {"type": "stopped"})

    scripts = [caption_two_seconds] * 3
    async with (
        scripted_server(*scripts, caption_the_rest) as one,
        scripted_server(*scripts) as other,
    ):
        await publish([one, other], "room", chunks(SPOKEN), sample_rate=RATE)
    assert bytes(captioned) == SPOKEN


async def test_a_server_that_is_not_there_is_passed_over() -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket)
        assert await audio_until_stop(socket) == SECOND
        await tell(socket, {"type": "stopped"})

    async with scripted_server() as nobody:
        pass
    async with scripted_server(script) as url:
        await publish([nobody, url], "room", chunks(SECOND), sample_rate=RATE)


async def test_a_server_that_has_not_noticed_the_cut_is_waited_for() -> None:
    async def cut(socket: ServerConnection) -> None:
        await started(socket)
        socket.transport.abort()

    async def not_noticed(socket: ServerConnection) -> None:
        await refuse(socket, 4409, "another connection publishes it")

    async def finish(socket: ServerConnection) -> None:
        await started(socket)
        assert await audio_until_stop(socket) == SECOND
        await tell(socket, {"type": "stopped"})

    async with scripted_server(cut) as one, scripted_server(not_noticed, finish) as other:
        await publish([one, other], "room", chunks(SECOND), sample_rate=RATE)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4400, BadInput), (4404, RoomNotFound), (4409, StreamInUse), (4410, RoomEnded)],
)
async def test_what_no_server_can_mend_is_raised_and_not_tried_elsewhere(
    code: int, kind: type[Exception]
) -> None:
    async def script(socket: ServerConnection) -> None:
        await refuse(socket, code, "plain words")

    async with scripted_server(script) as one, scripted_server() as other:
        with pytest.raises(kind, match="plain words"):
            await publish([one, other], "room", chunks(SECOND), sample_rate=RATE)


async def test_what_waiting_cannot_mend_is_raised_in_the_middle_too() -> None:
    async def script(socket: ServerConnection) -> None:
        await started(socket)
        await refuse(socket, 4404, "plain words")

    async with scripted_server(script) as url:
        with pytest.raises(RoomNotFound, match="plain words"):
            await publish(url, "room", chunks(SECOND), sample_rate=RATE)


async def test_no_server_at_all_is_said_at_once() -> None:
    async with scripted_server() as one, scripted_server() as other:
        pass
    with pytest.raises(ServerUnreachable, match="^No server answers"):
        await publish(one, "room", chunks(SECOND), sample_rate=RATE)
    with pytest.raises(ServerUnreachable, match="None of 2 servers"):
        await publish([one, other], "room", chunks(SECOND), sample_rate=RATE)


async def test_servers_that_all_stay_away_are_given_up() -> None:
    async def end_with_the_server(socket: ServerConnection) -> None:
        await started(socket)
        gone.set()
        await socket.wait_closed()

    gone = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        async with scripted_server(end_with_the_server) as one, scripted_server() as other:
            publishing = publish(
                [one, other], "room", chunks(SECOND), sample_rate=RATE, patience=0.2
            )
            task = tasks.create_task(_unreachable(publishing))
            await gone.wait()
    assert "None of 2 servers" in task.result()


async def _unreachable(publishing: Coroutine[Any, Any, None]) -> str:
    with pytest.raises(ServerUnreachable) as raised:
        await publishing
    return str(raised.value)
