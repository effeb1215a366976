"""Whatever clients send: the contract's code, plain words, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.http import create_room, request, transcript
from tests.e2e.publisher import Publisher
from tests.e2e.speech import first_half, lost_or_doubled
from tests.processes import Server

Messages = Sequence[str | bytes]


def start(**changes: object) -> str:
    """The first message of a publisher, changed."""
    good = {"type": "start", "stream": "s", "format": "pcm_s16le", "sample_rate": 16000}
    return json.dumps({**good, "channels": 1, **changes})


RUBBISH = random.Random(1).randbytes(9000)

BAD_AUDIO: dict[str, tuple[Messages, int, str]] = {
    "malformed JSON": (['{"type": "sta'], 4400, "bad_input"),
    "JSON that is no object": (["[1, 2]"], 4400, "bad_input"),
    "audio before the start": ([b"\0" * 320], 4400, "bad_input"),
    "no stream": (['{"type": "start", "format": "pcm_s16le"}'], 4400, "bad_input"),
    "an unknown format": ([start(format="mp7")], 4400, "bad_format"),
    "an absurd rate": ([start(sample_rate=-1)], 4400, "bad_format"),
    "too many channels": ([start(channels=64)], 4400, "bad_format"),
    "text where audio belongs": ([start(), "hello, is this on?"], 4400, "bad_input"),
    "an unknown message": ([start(), '{"type": "dance"}'], 4400, "bad_input"),
    "a second start": ([start(), start()], 4400, "bad_input"),
    "half a sample": ([start(), b"\0" * 321, '{"type": "stop"}'], 4400, "bad_format"),
    "2 MiB in a frame": ([start(), bytes(2 << 20)], 4413, "too_large"),
    "corrupt Ogg": ([start(format="ogg"), RUBBISH, '{"type": "stop"}'], 4400, "bad_format"),
    "corrupt WebM": ([start(format="webm"), RUBBISH, '{"type": "stop"}'], 4400, "bad_format"),
}


async def provoke(url: str, messages: Messages) -> tuple[int, dict[str, Any]]:
    """Send `messages`; return the close code and the last error the server sent."""
    problem: dict[str, Any] = {}
    async with connect(url, compression=None) as socket:
        try:
            for message in messages:
                await socket.send(message)
            async for answer in socket:
                event = json.loads(answer)
                if event["type"] == "error":
                    problem = event
        except ConnectionClosed:
            pass
    return socket.close_code or 0, problem


@pytest.mark.anyio
@pytest.mark.parametrize("case", BAD_AUDIO)
async def test_a_publisher_is_told_what_is_wrong(server: Server, case: str) -> None:
    messages, close_code, code = BAD_AUDIO[case]
    room = f"bad-{list(BAD_AUDIO).index(case)}"
    closed, problem = await provoke(f"{server.ws_url}/v1/rooms/{room}/audio", messages)
    assert (closed, problem.get("code")) == (close_code, code)
    assert problem["fatal"] is True
    assert problem["message"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "close_code", "code"),
    [
        ("nowhere/captions", 4404, "room_not_found"),
        ("Not_A_Room/captions", 4404, "room_not_found"),
        ("Not_A_Room/audio", 4400, "bad_input"),
        ("known/captions?after=yesterday&epoch=e", 4400, "bad_input"),
        ("known/captions?mode=sideways", 4400, "bad_input"),
    ],
)
async def test_a_socket_that_cannot_be_served_is_closed_with_the_reason(
    server: Server, path: str, close_code: int, code: str
) -> None:
    request(f"{server.url}/v1/rooms", b'{"id": "known", "language": "en"}')
    closed, problem = await provoke(f"{server.ws_url}/v1/rooms/{path}", [])
    assert (closed, problem.get("code")) == (close_code, code)


@pytest.mark.anyio
async def test_a_stream_that_is_being_published_cannot_be_taken(server: Server) -> None:
    url = f"{server.ws_url}/v1/rooms/taken/audio"
    async with connect(url, compression=None) as first:
        await first.send(start())
        assert json.loads(await first.recv())["type"] == "started"
        closed, problem = await provoke(url, [start()])
        assert (closed, problem["code"]) == (4409, "stream_in_use")
        await first.send('{"type": "stop"}')


@pytest.mark.anyio
async def test_an_ended_room_takes_no_more_audio(server: Server) -> None:
    create_room(server.url, "over")
    assert request(f"{server.url}/v1/rooms/over/end", b"")[0] == 200
    closed, problem = await provoke(f"{server.ws_url}/v1/rooms/over/audio", [start()])
    assert (closed, problem["code"]) == (4410, "room_ended")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("rooms", b'{"id": ', 400),
        ("rooms", b"[]", 400),
        ("rooms", b'{"id": "Not A Room"}', 400),
        ("rooms/nowhere", None, 404),
        ("rooms/nowhere/captions", None, 404),
        ("rooms/nowhere/transcript.vtt", None, 404),
        ("rooms/nowhere/end", b"", 404),
    ],
)
def test_a_request_is_refused_with_a_problem_document(
    server: Server, path: str, body: bytes | None, status: int
) -> None:
    answered, document = request(f"{server.url}/v1/{path}", body)
    problem = json.loads(document)
    assert (answered, problem["status"]) == (status, status)
    assert problem["title"] and problem["detail"]


@pytest.mark.anyio
async def test_bad_input_leaves_another_room_as_it_was(
    server: Server, demo_recording: Path, demo_reference: str
) -> None:
    samples, spoken = first_half(demo_recording, demo_reference)
    publishing = asyncio.create_task(
        Publisher(server.ws_url, "calm", samples, pace=1.5).publish(), name="calm"
    )
    while not publishing.done():
        for messages, close_code, _ in BAD_AUDIO.values():
            closed, _ = await provoke(f"{server.ws_url}/v1/rooms/storm/audio", messages)
            assert closed == close_code
    await publishing
    assert not list(lost_or_doubled(spoken, transcript(server.url, "calm")))
