"""The pool: every request ends in one answer or one error, whatever becomes of its sessions."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from captioner.errors import BudgetSpent, TranslationUnavailable
from captioner.realtime.answers import RequestFailed
from captioner.realtime.conversations import Conversations, Size
from captioner.realtime.partners import ANY, OPENAI
from captioner.realtime.tokens import Tokens
from captioner.realtime.trouble import Remedy
from tests.unit.realtime.conversing import (
    FOUR,
    HOUR_S,
    ConversationServer,
    Script,
    always,
    asking,
    pool,
    run,
)
from tests.unit.realtime.counted import Counted
from tests.unit.realtime.peers.conversing import Plan, spoken
from tests.unit.realtime.peers.peer import Refusal


def ask(server: ConversationServer, *texts: str, **options: Any) -> list[str | BaseException]:
    """The answers to texts that are all asked at once."""

    async def together() -> list[str | BaseException]:
        async with pool(server, **options) as conversations:
            requests = [conversations.text(asking(text)) for text in texts]
            return await asyncio.gather(*requests, return_exceptions=True)

    return run(together())


def first(plan: Plan) -> Script:
    """The first response of the first session goes that way."""
    return lambda session, number, _asked: Plan() if session or number else plan


def test_a_text_is_answered() -> None:
    assert ask(ConversationServer(), "one") == ["<one>"]


def test_no_session_is_opened_before_somebody_asks() -> None:
    server = ConversationServer()
    assert ask(server) == []
    assert server.times == []


def test_one_request_a_session_where_it_takes_no_more() -> None:
    server = ConversationServer(peer={"at_once": 1})
    texts = [f"t{n}" for n in range(12)]
    assert ask(server, *texts) == [f"<{text}>" for text in texts]
    assert len(server.sessions) == 4


def test_several_requests_a_session_where_it_takes_them() -> None:
    server = ConversationServer()
    texts = [f"t{n}" for n in range(4)]
    assert ask(server, *texts, partner=FOUR) == [f"<{text}>" for text in texts]
    assert len(server.sessions) == 1


def test_a_server_that_turns_out_to_take_one_at_a_time_is_asked_one_at_a_time() -> None:
    server = ConversationServer(peer={"at_once": 1})
    texts = [f"t{n}" for n in range(8)]
    assert ask(server, *texts, partner=FOUR) == [f"<{text}>" for text in texts]


def test_a_session_is_used_again_and_closed_when_nobody_asks_for_long() -> None:
    server = ConversationServer()

    async def talk() -> None:
        async with pool(server, size=Size(idle=60.0)) as conversations:
            for _ in range(3):
                await conversations.text(asking("a"))
                await asyncio.sleep(30.0)
            assert len(server.open) == 1
            await asyncio.sleep(60.0)
            assert server.open == []
            assert await conversations.text(asking("b")) == "<b>"

    run(talk())
    assert len(server.sessions) == 2


def test_sessions_give_way_to_others_before_their_time_is_over_and_between_requests() -> None:
    server = ConversationServer(always(Plan(begins=4.0, ends=5.0)))
    most = 0

    async def talk() -> list[str]:
        nonlocal most
        answers = []
        async with pool(server) as conversations:
            while asyncio.get_running_loop().time() < 3 * HOUR_S:
                answers.append(await conversations.text(asking("a")))
                most = max(most, len(server.open))
                await asyncio.sleep(20.0)
        return answers

    assert set(run(talk())) == {"<a>"}
    assert len(server.times) == 4
    assert all(later - earlier < 3060 for earlier, later in pairwise(server.times))
    assert most <= 2
    assert all(session.over and session.over.code == 1000 for session in server.sessions)


def test_no_request_waits_for_the_session_that_takes_over() -> None:
    server = ConversationServer(attempts=(0.0, *(5.0,) * 9))
    longest = 0.0

    async def talk() -> None:
        nonlocal longest
        clock = asyncio.get_running_loop().time
        async with pool(server) as conversations:
            while clock() < 2 * HOUR_S:
                since = clock()
                await conversations.text(asking("a"))
                longest = max(longest, clock() - since)
                await asyncio.sleep(3.0)

    run(talk())
    assert len(server.sessions) >= 3
    assert longest < 1.0


@pytest.mark.parametrize("ending", ["closed", "expired", "failed", "cut off", "cancelled"])
def test_what_is_lost_is_asked_again_once(ending: Any) -> None:
    server = ConversationServer(first(Plan(ending)))
    assert ask(server, "one") == ["<one>"]
    assert server.asked == ["one", "one"]


@pytest.mark.parametrize("ending", ["closed", "expired", "failed", "cut off", "cancelled"])
def test_what_is_lost_again_is_an_error(ending: Any) -> None:
    server = ConversationServer(always(Plan(ending)))
    (answer,) = ask(server, "one")
    assert isinstance(answer, TranslationUnavailable)
    assert server.asked == ["one", "one"]


@pytest.mark.parametrize("ending", ["filtered", "refused"])
def test_what_the_server_refuses_is_not_asked_again(ending: Any) -> None:
    server = ConversationServer(always(Plan(ending)))
    (answer,) = ask(server, "one")
    assert isinstance(answer, RequestFailed)
    assert answer.remedy is Remedy.REFUSED
    assert server.asked == ["one"]


def test_a_partial_answer_is_none() -> None:
    (answer,) = ask(ConversationServer(always(Plan("filtered", deltas=2))), "something")
    assert isinstance(answer, TranslationUnavailable)


def test_a_server_that_says_nothing_is_left_for_another_session() -> None:
    server = ConversationServer(first(Plan("silent")))
    assert ask(server, "one") == ["<one>"]
    assert len(server.sessions) == 2


def test_an_answer_that_comes_too_late_is_cancelled_and_its_session_used_again() -> None:
    server = ConversationServer(first(Plan(begins=8.0, ends=9.0)))
    assert ask(server, "one") == ["<one>"]
    kinds = [event["type"] for event in server.sessions[0].peer.heard]
    assert "response.cancel" in kinds


def test_a_request_that_nobody_wants_any_more_is_cancelled() -> None:
    server = ConversationServer(first(Plan(ends=5.0)))

    async def talk() -> str:
        async with pool(server) as conversations:
            asked = asyncio.create_task(conversations.text(asking("one")))
            await asyncio.sleep(1.0)
            asked.cancel()
            await asyncio.wait([asked])
            return await conversations.text(asking("two"))

    assert run(talk()) == "<two>"
    assert [response.over for response in server.sessions[0].peer.responses] == [True, True]


def test_a_request_that_was_cancelled_while_it_waited_is_never_asked() -> None:
    server = ConversationServer(always(Plan(ends=5.0)))

    async def talk() -> None:
        async with pool(server, size=Size(sessions=1)) as conversations:
            first, second = (
                asyncio.create_task(conversations.text(asking(text))) for text in ("one", "two")
            )
            await asyncio.sleep(1.0)
            second.cancel()
            assert await first == "<one>"
            await asyncio.sleep(10.0)

    run(talk())
    assert server.asked == ["one"]


def test_an_option_that_is_refused_is_left_out() -> None:
    server = ConversationServer(peer={"refuses": "reasoning"})
    assert ask(server, "one", partner=replace(OPENAI, reasoning="minimal")) == ["<one>"]
    updates = [e["session"] for e in server.sessions[0].peer.heard if e["type"] == "session.update"]
    assert ["reasoning" in update for update in updates] == [True, False]


def test_a_session_that_is_refused_is_told_in_the_servers_words() -> None:
    (answer,) = ask(ConversationServer(peer={"refuses": "audio"}), "one")
    assert "Unknown parameter: 'session.audio'" in str(answer)


@pytest.mark.parametrize(
    "server",
    [
        lambda: ConversationServer(peer={"wrong_key": True}),
        lambda: ConversationServer(attempts=(Refusal(401),) * 999),
        lambda: ConversationServer(always(Plan("out of quota"))),
    ],
    ids=["in the session", "at the door", "in a response"],
)
def test_what_only_people_can_put_right_is_said_once_and_not_tried_at_every_request(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    asked = server()

    async def talk() -> list[TranslationUnavailable]:
        errors = []
        async with pool(asked) as conversations:
            while asyncio.get_running_loop().time() < HOUR_S:
                with pytest.raises(TranslationUnavailable) as told:
                    await conversations.text(asking("one"))
                errors.append(told.value)
                await asyncio.sleep(1.0)
        return errors

    errors = run(talk())
    assert len(errors) > 1000
    assert 3 <= len(asked.times) <= 20
    told = [r for r in caplog.records if "No translation" in r.message]
    begun = sum(session.peer.updated for session in asked.sessions)
    assert len(told) == max(1, begun)
    assert all(str(error) for error in errors)


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    server = ConversationServer(attempts=(Refusal(429),), retry_after=30.0)

    async def talk() -> str:
        async with pool(server) as conversations:
            with pytest.raises(TranslationUnavailable, match="too much to do"):
                await conversations.text(asking("one"))
            await asyncio.sleep(10.0)
            with pytest.raises(TranslationUnavailable, match="too much to do"):
                await conversations.text(asking("two"))
            await asyncio.sleep(20.0)
            return await conversations.text(asking("three"))

    assert run(talk()) == "<three>"
    assert len(server.times) == 2


def test_a_short_pause_is_waited_for() -> None:
    server = ConversationServer(attempts=(Refusal(429),), retry_after=5.0)
    assert ask(server, "one") == ["<one>"]
    assert server.times[1] >= 5.0


@pytest.mark.parametrize("ending", ["limited", "overloaded"])
def test_a_limit_that_is_told_in_a_session_holds_all_requests_back(ending: Any) -> None:
    server = ConversationServer(first(Plan(ending)))
    assert ask(server, "one", "two") == ["<one>", "<two>"]
    assert len(server.asked) <= 4


def test_a_limit_that_passes_makes_no_later_pause_longer() -> None:
    def script(_session: int, number: int, _asked: Any) -> Plan:
        return Plan("limited" if number % 2 else "completed")

    server = ConversationServer(script)
    longest = 0.0

    async def talk() -> None:
        nonlocal longest
        clock = asyncio.get_running_loop().time
        async with pool(server) as conversations:
            while clock() < HOUR_S:
                since = clock()
                assert await conversations.text(asking("one")) == "<one>"
                longest = max(longest, clock() - since)
                await asyncio.sleep(30.0)

    run(talk())
    assert longest < 6.0


def test_a_key_that_is_withdrawn_is_not_tried_at_every_answer_of_an_older_session() -> None:
    server = ConversationServer(always(Plan(ends=5.0)), attempts=(0.0, *(Refusal(401),) * 999))

    async def talk() -> None:
        async with pool(server, size=Size(renew=6 * HOUR_S)) as conversations:
            while asyncio.get_running_loop().time() < HOUR_S / 2:
                asked = [conversations.text(asking(text)) for text in ("one", "two")]
                await asyncio.gather(*asked, return_exceptions=True)

    run(talk())
    assert len(server.asked) > 100
    assert len(server.times) < 20


def test_a_server_that_drops_every_session_is_not_hammered() -> None:
    server = ConversationServer(always(Plan("closed", begins=0.0, ends=0.0)))

    async def talk() -> None:
        async with pool(server) as conversations:
            while asyncio.get_running_loop().time() < 600.0:
                with pytest.raises(TranslationUnavailable):
                    await conversations.text(asking("one"))

    run(talk())
    assert len(server.times) < 300


def test_more_requests_than_may_wait_are_refused_at_once() -> None:
    server = ConversationServer(always(Plan(ends=1.0)))
    texts = [f"t{n}" for n in range(20)]
    answers = ask(server, *texts, size=Size(sessions=1, waiting=10))
    refused = [answer for answer in answers if isinstance(answer, TranslationUnavailable)]
    assert len(refused) == 10
    assert "too much at once" in str(refused[0])


def test_at_the_end_of_the_pool_everybody_is_told() -> None:
    server = ConversationServer(always(Plan(ends=5.0)))

    async def talk() -> list[str | BaseException]:
        async with pool(server, size=Size(sessions=1)) as conversations:
            asked = [asyncio.create_task(conversations.text(asking(t))) for t in ("one", "two")]
            await asyncio.sleep(1.0)
        return await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(answer, TranslationUnavailable) for answer in run(talk()))
    assert server.open == []


def test_the_sound_comes_as_it_is_made() -> None:
    server = ConversationServer(always(Plan(begins=1.0, ends=4.0)))

    async def talk() -> tuple[list[float], bytes]:
        times, sound = [], b""
        async with pool(server, sound=True) as conversations:
            async for data in conversations.sound(asking("hello", sound=True, voice="marin")):
                times.append(asyncio.get_running_loop().time())
                sound += data
        return times, sound

    times, sound = run(talk())
    assert sound == spoken("hello")
    assert times[-1] - times[0] >= 3.0


def test_sound_that_breaks_off_goes_on_where_it_was() -> None:
    server = ConversationServer(first(Plan("closed")))

    async def talk() -> bytes:
        async with pool(server, sound=True) as conversations:
            request = asking("hello", sound=True)
            return b"".join([data async for data in conversations.sound(request)])

    assert run(talk()) == spoken("hello")


def test_closing_the_iterator_cancels_the_sound() -> None:
    server = ConversationServer(always(Plan(begins=0.1, ends=9.0)))

    async def talk() -> None:
        async with pool(server, sound=True) as conversations:
            sound = conversations.sound(asking("hello", sound=True))
            assert await anext(sound)
            await sound.aclose()
            await asyncio.sleep(1.0)
            assert server.sessions[0].peer.heard[-1]["type"] == "response.cancel"
            assert server.sessions[0].peer.active == 0

    run(talk())


def test_each_voice_has_sessions_of_its_own() -> None:
    server = ConversationServer()

    async def talk() -> list[bytes]:
        async def said(conversations: Conversations, voice: str) -> bytes:
            request = asking(voice, sound=True, voice=voice)
            return b"".join([data async for data in conversations.sound(request)])

        async with pool(server, sound=True, size=Size(sessions=2)) as conversations:
            voices = ["marin", "cedar", "ash", "marin", "verse", "cedar"]
            return [await said(conversations, voice) for voice in voices]

    assert run(talk()) == [spoken(v) for v in ("marin", "cedar", "ash", "marin", "verse", "cedar")]


def test_a_model_that_looks_a_term_up_is_told_and_goes_on() -> None:
    server = ConversationServer(always(Plan(looks_up=("Ada",))))

    async def talk() -> str:
        async with pool(server, partner=OPENAI) as conversations:
            return await conversations.text(asking("ada spoke", terms=(("ada", "ADA"),)))

    assert run(talk()) == "<ada spoke> ADA"


def test_tools_are_declared_only_to_those_that_can_call_them() -> None:
    for partner, declared in ((ANY, False), (OPENAI, True)):
        server = ConversationServer()

        async def talk(conversations: Conversations) -> None:
            async with conversations:
                await conversations.text(asking("a", terms=(("a", "b"),)))

        async def start(server: ConversationServer = server, partner: Any = partner) -> None:
            await talk(pool(server, partner=partner))

        run(start())
        created = server.sessions[0].peer.heard[-1]["response"]
        assert ("tools" in created) == declared


def test_what_every_response_used_is_reported_with_its_room_and_its_model() -> None:
    meter = Counted()
    server = ConversationServer(first(Plan("filtered")))
    partner = replace(ANY, model="m")

    async def talk() -> None:
        async with pool(server, partner=partner, meter=meter) as conversations:
            with pytest.raises(TranslationUnavailable):
                await conversations.text(asking("a", room="demo"))
            await conversations.text(asking("a", room="demo"))

    run(talk())
    used = ("demo", "translation", "realtime", "m", Tokens(10, 5, 0, 3, 4))
    assert meter.reports == [used, used]


def test_nothing_is_asked_of_the_server_where_a_budget_is_spent() -> None:
    server = ConversationServer()

    async def talk() -> None:
        async with pool(server, meter=Counted(spent="the room's budget is spent")) as conversations:
            with pytest.raises(BudgetSpent, match="the room's budget is spent"):
                await conversations.text(asking("a"))

    run(talk())
    assert server.times == []
