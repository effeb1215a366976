"""The voices of a `captioner engine`: it tells them over plain HTTP, beside its sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx
import orjson

from captioner.speech.synthesizer import USUAL

ANSWER_S = 5.0

logging.getLogger("httpx").setLevel(logging.WARNING)  # below that it tells of every request


class EngineVoices:
    """Asks for the voices of a language; the engine begins to load the best of them.

    Use it as a context manager. While the engine cannot be asked, they are what they were when it
    last could; before that, or where it does not know the question, there is its usual voice.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """`url`: where they are told. `headers`: what it lets in with."""
        self._url = url
        self._known: dict[str, tuple[str, ...]] = {}
        self._client = httpx.AsyncClient(headers=dict(headers), timeout=ANSWER_S, trust_env=False)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def __call__(self, language: str) -> tuple[str, ...]:
        """The best first; none: nobody there speaks it."""
        told = await self._told(language)
        if told is not None:
            self._known[language] = told
        return self._known.get(language, (USUAL,))

    async def _told(self, language: str) -> tuple[str, ...] | None:
        try:
            # The timeouts of httpx are for each piece: a server may drip.
            async with asyncio.timeout(ANSWER_S):
                answer = await self._client.get(self._url, params={"language": language})
        except (TimeoutError, httpx.HTTPError):
            return None
        return _names(answer.content) if answer.status_code == HTTPStatus.OK else None


def _names(body: bytes) -> tuple[str, ...] | None:
    """None: it is the answer of a server of another kind."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    match answer:
        case {"voices": [*names]} if all(isinstance(name, str) for name in names):
            return tuple(names)
    return None
