"""The voices of an engine: asked for, and remembered while it cannot be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from captioner.speech.engine_voices import EngineVoices
from captioner.speech.synthesizer import USUAL

pytestmark = pytest.mark.anyio

TWO = (200, '{"voices": ["joe", "en+f2"]}')
NONE = (200, '{"voices": []}')


class Telling:
    """A server that gives the answers in their order; without one left it hangs up."""

    def __init__(self, answers: Sequence[tuple[int, str]]) -> None:
        self.heads: list[str] = []
        self._answers = list(answers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/voices"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self._answers:
            status, body = self._answers.pop(0)
            head = f"HTTP/1.1 {status} So\r\nContent-Length: {len(body)}\r\nConnection: close"
            writer.write(f"{head}\r\n\r\n{body}".encode())
        writer.close()


async def told(*answers: tuple[int, str], language: str = "pt-BR") -> list[tuple[str, ...]]:
    """What is known after each of the answers, and after a question without one."""
    server = Telling(answers)
    async with server.running() as url, EngineVoices(url, {"Authorization": "Bearer k"}) as voices:
        known = [await voices(language) for _ in range(len(answers) + 1)]
    assert all(head.startswith(f"GET /voices?language={language} ") for head in server.heads)
    assert all("Bearer k" in head for head in server.heads)
    return known


async def test_the_engine_says_who_speaks_a_language_and_that_nobody_does() -> None:
    assert (await told(TWO))[0] == ("joe", "en+f2")
    assert (await told(NONE, language="ja"))[0] == ()


async def test_what_an_engine_said_last_holds_while_it_cannot_be_asked() -> None:
    assert await told(TWO, NONE, TWO) == [("joe", "en+f2"), (), ("joe", "en+f2"), ("joe", "en+f2")]


@pytest.mark.parametrize(
    "answer",
    [(404, "{}"), (200, "<html>"), (200, "[]"), (200, '{"voices": "joe"}')],
)
async def test_a_server_that_does_not_know_the_question_has_its_usual_voice(
    answer: tuple[int, str],
) -> None:
    assert await told(answer) == [(USUAL,), (USUAL,)]


async def test_an_engine_that_never_answered_has_its_usual_voice() -> None:
    async with EngineVoices("http://127.0.0.1:1/voices", {}) as voices:
        assert await voices("en") == (USUAL,)
