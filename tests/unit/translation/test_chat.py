"""Translation by a server of chat completions, over real connections."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from captioner.errors import BudgetSpent, TranslationUnavailable
from captioner.realtime.tokens import Tokens
from captioner.translation.chat import ChatTranslator
from captioner.translation.translator import Translator
from tests.unit.realtime.counted import Counted
from tests.unit.translation.chat_server import ChatServer, Reply
from tests.unit.translation.sentences import TRANSLATION, sentence

pytestmark = pytest.mark.anyio

SECRET = "sk-s3cret"
GOOD = Reply(TRANSLATION)


@asynccontextmanager
async def translating(server: ChatServer, **options: Any) -> AsyncIterator[Translator]:
    async with (
        server.running() as url,
        ChatTranslator(url, "qwen", SECRET, **options) as translator,
    ):
        yield translator


async def test_a_sentence_is_asked_for_with_instructions_and_without_chance() -> None:
    server = ChatServer((GOOD,))
    meter = Counted()
    async with translating(server, meter=meter) as translator:
        assert await translator.translate(sentence(room="demo")) == TRANSLATION
    (asked,) = server.asked
    assert (asked["model"], asked["temperature"]) == ("qwen", 0)
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][1]["content"] == sentence().text
    assert server.heads[0].startswith("POST /v1/chat/completions HTTP/1.1")
    assert f"Bearer {SECRET}" in server.heads[0]
    assert meter.reports == [("demo", "translation", "chat", "qwen", Tokens(30, 7))]


async def test_nothing_is_sent_where_a_budget_is_spent() -> None:
    server = ChatServer((GOOD,))
    async with translating(server, meter=Counted(spent="the day's budget")) as translator:
        with pytest.raises(BudgetSpent, match="the day's budget"):
            await translator.translate(sentence())
    assert server.asked == []


@pytest.mark.parametrize(
    "bad",
    [
        Reply("nonsense " * 60),
        Reply(""),
        Reply("Der Vor", finish="length"),
        Reply(body="<html>"),
        Reply(body="[]"),
        Reply(body='{"choices": [null]}'),
        Reply(status=500),
        Reply(status=400),
        Reply(hangs_up=True),
    ],
    ids=str,
)
async def test_what_is_no_translation_is_asked_for_again_once(bad: Reply) -> None:
    server = ChatServer((bad, GOOD))
    async with translating(server) as translator:
        assert await translator.translate(sentence()) == TRANSLATION
    assert len(server.asked) == 2
    hopeless = ChatServer((bad,))
    async with translating(hopeless) as translator:
        with pytest.raises(TranslationUnavailable):
            await translator.translate(sentence())
    assert len(hopeless.asked) == 2


async def test_what_the_server_will_not_say_is_not_asked_for_again() -> None:
    server = ChatServer((Reply("Der", finish="content_filter"),))
    async with translating(server) as translator:
        with pytest.raises(TranslationUnavailable, match="will not say"):
            await translator.translate(sentence())
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=401), "does not accept the key"),
        (Reply(status=404), "knows no such address or model"),
        (Reply(status=429, headers=(("Retry-After", "600"),)), "has too much to do"),
        (Reply(status=302, headers=(("Location", "http://127.0.0.1:1/"),)), "no such address"),
    ],
    ids=["key", "model", "limit", "elsewhere"],
)
async def test_a_server_that_says_no_is_asked_no_more(
    reply: Reply, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = ChatServer((reply,))
    async with translating(server) as translator:
        for _ in range(3):
            with pytest.raises(TranslationUnavailable, match=words) as told:
                await translator.translate(sentence())
            assert SECRET not in str(told.value)
    assert len(server.asked) == 1
    assert len([r for r in caplog.records if "No translation" in r.message]) == 1
    assert SECRET not in caplog.text
    assert sentence().text not in caplog.text


async def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_that() -> None:
    server = ChatServer((Reply(TRANSLATION, after_s=2.0),))
    async with translating(server, answers=0.05) as translator:
        with pytest.raises(TranslationUnavailable, match="does not answer in time"):
            await translator.translate(sentence())


async def test_nobody_there_is_told_without_the_key() -> None:
    async with ChatTranslator("http://127.0.0.1:1/v1", "qwen", SECRET) as translator:
        with pytest.raises(TranslationUnavailable, match="chat cannot be reached") as told:
            await translator.translate(sentence())
    assert SECRET not in str(told.value)
