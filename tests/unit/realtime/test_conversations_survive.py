"""Whatever becomes of its sessions, the pool loses no request and mixes up no answers."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from captioner.errors import TranslationUnavailable
from captioner.realtime.conversation_link import CANCELLED_S
from captioner.realtime.conversations import LOOK_S, Conversations
from tests.unit.realtime.conversing import (
    FOUR,
    HOUR_S,
    ConversationServer,
    always,
    asking,
    pool,
    run,
)
from tests.unit.realtime.peers.conversing import Ending, Plan
from tests.unit.realtime.peers.peer import Close, Refusal


@pytest.mark.parametrize("seed", range(30))
def test_under_random_kills_no_request_is_lost_and_none_gets_the_answer_to_another(
    seed: int,
) -> None:
    chance = random.Random(seed)
    endings: list[Ending] = ["completed"] * 9
    endings += ["silent", "closed", "expired", "failed", "cut off"]
    limited = seed % 3 == 0
    endings += ["limited"] * limited

    def script(_session: int, _number: int, _asked: Any) -> Plan:
        begins = chance.uniform(0.0, 1.0)
        return Plan(chance.choice(endings), begins, begins + chance.uniform(0.0, 2.0))

    attempts: list[Refusal | float] = [0.0, 0.5, Refusal(503), Refusal(500)]
    server = ConversationServer(
        script,
        tuple(chance.choice(attempts) for _ in range(20)),
        {"at_once": chance.choice([1, 2, 4]), "lifetime": chance.choice([61.0, HOUR_S])},
        retry_after=1.0,
    )
    answered = 0

    async def request(conversations: Conversations, text: str) -> None:
        nonlocal answered
        await asyncio.sleep(chance.uniform(0.0, 120.0))
        try:
            if chance.random() < 0.1:
                async with asyncio.timeout(chance.uniform(0.0, 2.0)):
                    assert await conversations.text(asking(text)) == f"<{text}>"
            else:
                assert await conversations.text(asking(text)) == f"<{text}>"
        except TimeoutError:
            return
        except TranslationUnavailable as error:
            assert str(error)
        else:
            answered += 1

    async def kill() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0.0, 15.0))
            if server.open:
                chance.choice(server.open).end(Close(chance.choice([1006, 1001, 1011])))

    async def talk() -> None:
        async with pool(server, partner=FOUR) as conversations:
            killer = asyncio.create_task(kill())
            async with asyncio.TaskGroup() as tasks:
                for n in range(100):
                    tasks.create_task(request(conversations, f"text {n}"))
            killer.cancel()
            await asyncio.sleep(CANCELLED_S + LOOK_S + 1.0)
            assert all(session.peer.active == 0 for session in server.open)

    run(talk())
    assert answered >= (10 if limited else 50)
    assert server.open == []


@pytest.mark.parametrize("seed", range(10))
def test_where_every_session_is_lost_now_and_then_all_requests_are_answered(seed: int) -> None:
    chance = random.Random(seed)
    server = ConversationServer(always(Plan(begins=0.5, ends=1.5)))

    async def kill() -> None:
        while True:
            await asyncio.sleep(chance.uniform(5.0, 15.0))
            for session in server.open:
                session.end(Close(1006))

    async def request(conversations: Conversations, text: str) -> None:
        await asyncio.sleep(chance.uniform(0.0, 120.0))
        assert await conversations.text(asking(text)) == f"<{text}>"

    async def talk() -> None:
        async with pool(server, partner=FOUR) as conversations:
            killer = asyncio.create_task(kill())
            async with asyncio.TaskGroup() as tasks:
                for n in range(100):
                    tasks.create_task(request(conversations, f"text {n}"))
            killer.cancel()

    run(talk())
    assert len(server.asked) > 100
