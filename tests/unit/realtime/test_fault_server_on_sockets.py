"""The fault-injecting server on real sockets, by itself and in front of another."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from captioner.audio.pcm import SAMPLE_RATE, Samples, to_bytes
from tests.faults.client import update
from tests.faults.script import (
    ABORTED,
    EXPIRED,
    NO_CODE,
    After,
    AtByte,
    AtSecond,
    Before,
    Death,
    Disconnect,
    Expires,
    Fails,
    Fault,
    Refused,
    Rejects,
    Script,
    Stall,
    Unreachable,
    Within,
)
from tests.faults.server import FaultServer
from tests.faults.sockets import in_front_of, on_sockets
from tests.faults.speech import spoken

pytestmark = pytest.mark.anyio

TIMEOUT_S = 60
WORDS = ["w1 w2 w3", "w4", "w5 w6"]
SPEECH = spoken(*WORDS)


class Told:
    """What a socket said, to its end."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.code: int | None = None
        self.reason: str | None = None

    @property
    def texts(self) -> list[str]:
        return [event["transcript"] for event in self.events if "transcript" in event]

    @property
    def kinds(self) -> list[str]:
        return [event["type"].rpartition(".")[2] for event in self.events]


async def told_over(url: str, samples: Samples = SPEECH, items: int = len(WORDS)) -> Told:
    """Configure, send everything at once, hear so many items, or what comes before the end."""
    told = Told()
    async with asyncio.timeout(TIMEOUT_S), connect(url, compression=None) as socket:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(say(socket, samples))
            try:
                while sum(kind in ("completed", "failed") for kind in told.kinds) < items:
                    told.events.append(json.loads(await socket.recv()))
            except ConnectionClosed:
                told.code, told.reason = socket.close_code, socket.close_reason
    return told


async def say(socket: ClientConnection, samples: Samples) -> None:
    try:
        await socket.send(json.dumps(update()))
        for first in range(0, samples.size, SAMPLE_RATE // 10):
            audio = base64.b64encode(to_bytes(samples[first : first + SAMPLE_RATE // 10])).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    except ConnectionClosed:
        pass  # whoever listens says how


async def test_every_word_is_heard() -> None:
    async with on_sockets(FaultServer()) as url:
        assert (await told_over(url)).texts == WORDS


@pytest.mark.parametrize(
    "end",
    [
        Disconnect(AtSecond(1.0), 1000),
        Disconnect(AtSecond(1.0), 1001, EXPIRED),
        Disconnect(AtSecond(1.0), NO_CODE),
        Disconnect(AtSecond(1.0), ABORTED),
        Disconnect(After("delta", 2), ABORTED),
        Disconnect(Within("completed"), ABORTED),
        Disconnect(AtByte(30_000), ABORTED),
        Disconnect(Before("created"), 3000, "No such key."),
        Disconnect(AtSecond(0.5), 4000),
        Expires(0.0),
    ],
    ids=str,
)
async def test_a_session_ends_with_its_code(end: Disconnect | Expires) -> None:
    server = FaultServer(Script(((end,),)))
    expected = (end.code, end.reason) if isinstance(end, Disconnect) else (1001, EXPIRED)
    async with on_sockets(server) as url:
        told = await told_over(url)
        assert (told.code, told.reason) == expected
        assert told.texts == []
        assert (await told_over(url)).texts == WORDS


async def test_a_frame_may_be_cut_at_any_byte() -> None:
    ends = range(1, 40_000, 2_777)
    server = FaultServer(Script(tuple((Disconnect(AtByte(byte)),) for byte in ends)))
    async with on_sockets(server) as url:
        for _ in ends:
            assert (await told_over(url)).code == ABORTED


async def test_handshakes_are_refused_in_turn() -> None:
    script = Script(((Refused(429, 2.5),), (Refused(503),), (Refused(401),)))
    answers = []
    async with on_sockets(FaultServer(script)) as url:
        for _ in script.attempts:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(url):
                    pass
            response = refused.value.response
            answers.append((response.status_code, response.headers.get("Retry-After")))
        assert (await told_over(url)).texts == WORDS
    assert answers == [(429, "2.5"), (503, None), (401, None)]


async def test_a_connection_may_not_come_about() -> None:
    async with on_sockets(FaultServer(Script(((Unreachable(),),)))) as url:
        with pytest.raises((InvalidHandshake, OSError)):
            async with connect(url):
                pass
        assert (await told_over(url)).texts == WORDS


async def test_the_dead_still_keep_the_connection_open() -> None:
    server = FaultServer(Script(((Death(After("updated")),),)))
    async with on_sockets(server) as url, connect(url) as socket:
        await say(socket, SPEECH)
        assert [json.loads(await socket.recv())["type"] for _ in range(2)] == [
            "session.created",
            "session.updated",
        ]
        await (await socket.ping())
        async with asyncio.timeout(TIMEOUT_S):
            while server.sessions[0].heard_s < 3.0:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)


async def test_a_server_may_run_faster_than_time() -> None:
    server = FaultServer(Script(((Stall(AtSecond(1.0), 50.0), Expires(10 * TIMEOUT_S)),)))
    async with on_sockets(server, speed=50 * TIMEOUT_S) as url:
        told = await told_over(url, items=len(WORDS) + 1)
    assert (told.code, told.reason) == (1001, EXPIRED)
    assert told.texts == WORDS[: len(told.texts)], "as many as there was time for"


@pytest.mark.parametrize(
    ("fault", "texts"),
    [
        (Disconnect(After("completed", 2), 1011), WORDS[:2]),
        (Disconnect(AtSecond(1.4), 1001, EXPIRED), []),
        (Disconnect(Within("committed", 2)), WORDS[:1]),
        (Fails(1), WORDS[1:]),
        (Rejects("include"), WORDS),
    ],
    ids=str,
)
async def test_the_same_faults_stand_before_a_real_server(fault: Fault, texts: list[str]) -> None:
    async with (
        on_sockets(FaultServer()) as real,
        in_front_of(real, Script(((fault,),))) as (url, server),
    ):
        assert (await told_over(url)).texts == texts
        assert (await told_over(url)).texts == WORDS
        assert server.attempts == 2


async def test_the_end_of_the_real_server_is_passed_on() -> None:
    dying = FaultServer(Script(((Disconnect(After("committed"), 1012, "Restart."),),)))
    async with on_sockets(dying) as real, in_front_of(real, Script()) as (url, _):
        told = await told_over(url)
        assert (told.code, told.reason) == (1012, "Restart.")
        assert told.kinds[-1] == "committed"
