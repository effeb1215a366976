"""The pool over real connections: the faults that only a network has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from captioner.errors import TranslationUnavailable
from captioner.realtime.answers import Request
from captioner.realtime.connection import connector
from captioner.realtime.conversations import Conversations
from captioner.realtime.partners import ANY
from tests.unit.realtime.conversing import ConversationServer
from tests.unit.realtime.peers.conversing import Plan, spoken
from tests.unit.realtime.peers.peer import Refusal

pytestmark = pytest.mark.anyio

SECRET = "sk-s3cret"


def pool(url: str, **options: Any) -> Conversations:
    headers = {"Authorization": f"Bearer {SECRET}"}
    connect = connector(url, headers, server=ANY.name, secret=SECRET)
    return Conversations(ANY, connect, **options)


def request(text: str, **options: Any) -> Request:
    return Request(text, instructions="Say it back.", **options)


async def test_texts_are_answered_and_lost_sessions_replaced() -> None:
    server = ConversationServer(
        lambda session, number, _asked: Plan(
            "closed" if (session, number) == (0, 1) else "completed"
        )
    )
    async with server.on_sockets() as url, pool(url) as conversations:
        for text in ("one", "two", "three"):
            assert await conversations.text(request(text)) == f"<{text}>"
    assert len(server.sessions) == 2
    assert server.sessions[0].address == "/v1/realtime?model=m"


async def test_sound_comes_whole() -> None:
    server = ConversationServer()
    async with server.on_sockets() as url, pool(url, sound=True) as conversations:
        sound = [data async for data in conversations.sound(request("hello", sound=True))]
    assert b"".join(sound) == spoken("hello")


async def test_many_requests_at_once_get_each_its_own_answer() -> None:
    server = ConversationServer(lambda _s, number, _a: Plan(begins=0.0, ends=0.001 * (number % 7)))
    texts = [f"text {n}" for n in range(50)]
    async with server.on_sockets() as url, pool(url) as conversations:
        answers = await asyncio.gather(*[conversations.text(request(text)) for text in texts])
    assert answers == [f"<{text}>" for text in texts]


async def test_a_server_that_asks_to_wait_is_asked_no_more() -> None:
    server = ConversationServer(attempts=(Refusal(429),), retry_after=600.0)
    async with server.on_sockets() as url, pool(url) as conversations:
        for _ in range(3):
            with pytest.raises(TranslationUnavailable, match="has too much to do"):
                await conversations.text(request("one"))
    assert len(server.times) == 1


async def test_a_wrong_key_is_told_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    server = ConversationServer(peer={"wrong_key": True})
    async with server.on_sockets() as url, pool(url) as conversations:
        with pytest.raises(TranslationUnavailable, match="its key is not accepted") as told:
            await conversations.text(request("one"))
    assert SECRET not in str(told.value)
    assert SECRET not in caplog.text
