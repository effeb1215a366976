"""Translation by any server of chat completions: vLLM, llama.cpp, Ollama and others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from captioner.errors import TranslationUnavailable
from captioner.realtime.breaker import Breaker
from captioner.realtime.connection import seconds_of
from captioner.realtime.token_cost import TokenMeter, UnmeteredTokens, within_budget
from captioner.realtime.tokens import Tokens
from captioner.realtime.trouble import Remedy, SessionEnded, not_let_in, unreachable
from captioner.translation.guards import doubt, tidied
from captioner.translation.instructions import instructions, most_tokens
from captioner.translation.translator import Sentence

logging.getLogger("httpx").setLevel(logging.WARNING)  # below that it tells of every request

TRIES = 2
CONNECT_S, ANSWER_S = 5.0, 20.0
MOST_AT_ONCE = 8
"""Connections; more sentences wait for one of them."""
_THIS_ONE_ONLY = {400, 413, 422}
"""Statuses that may be about one request: the server is not left alone for long."""


class ChatTranslator:
    """Translates with `model` of the server at `url`, which ends before `/chat/completions`.

    Use it as a context manager. `key`: what it lets in with, never told. `meter`: counts
    the tokens that go in and come out, and may refuse to have more.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        *,
        name: str = "chat",
        breaker: Breaker | None = None,
        meter: TokenMeter | None = None,
        answers: float = ANSWER_S,
    ) -> None:
        self.name = name
        self._model = model
        self._breaker = breaker or Breaker(work="translation")
        self._meter = meter or UnmeteredTokens()
        self._answers = answers
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(answers, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MOST_AT_ONCE),
            trust_env=False,
        )

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

    async def translate(self, sentence: Sentence) -> str:
        found: str | None = None
        for number in range(1, TRIES + 1):
            try:
                text = tidied(await self._written(sentence), sentence.text)
            except SessionEnded as error:
                if error.remedy is Remedy.RETRY and number < TRIES:
                    continue
                raise TranslationUnavailable(str(error)) from None
            if (found := doubt(sentence, text)) is None:
                return text
        raise TranslationUnavailable(f"{self.name} wrote {found}")

    async def _written(self, sentence: Sentence) -> str:
        """What the model writes. Raises `SessionEnded`, `TranslationUnavailable`."""
        await within_budget(self._meter, sentence.room, self.name, self._model)
        if self._breaker.wait() > 0:
            raise TranslationUnavailable(self._breaker.trouble)
        with self._breaker.attempt():
            answer = await self._posted(sentence)
        match answer.get("usage"):
            case {"prompt_tokens": int(read), "completion_tokens": int(written)}:
                used = Tokens(read, written)
                self._meter.reported(sentence.room, "translation", self.name, self._model, used)
        choice = _mapping(next(iter(_list(answer.get("choices"))), None))
        text = _mapping(choice.get("message")).get("content")
        if choice.get("finish_reason") == "content_filter":
            raise TranslationUnavailable(f"{self.name} will not say this")
        if choice.get("finish_reason") == "length":
            raise SessionEnded(f"{self.name} broke off", Remedy.RETRY)
        return text if isinstance(text, str) else ""

    async def _posted(self, sentence: Sentence) -> Mapping[str, Any]:
        body = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": instructions(sentence)},
                {"role": "user", "content": sentence.text},
            ],
            "temperature": 0,
            "max_tokens": most_tokens(sentence.text),
            "stream": False,
        }
        try:
            # The timeouts of httpx are for each piece: a server may drip.
            async with asyncio.timeout(self._answers):
                response = await self._client.post(self._url, content=orjson.dumps(body))
        except (TimeoutError, httpx.TimeoutException):
            raise unreachable(self.name, "it does not answer in time") from None
        except httpx.HTTPError as error:
            # Not its words: the address in them may hold a key.
            raise unreachable(self.name, type(error).__name__) from None
        if response.status_code in _THIS_ONE_ONLY:
            message = f"{self.name} refuses the request ({response.status_code})"
            raise SessionEnded(message, Remedy.RETRY)
        if response.status_code != 200:
            after = seconds_of(response.headers.get("Retry-After"))
            raise not_let_in(self.name, response.status_code, after)
        try:
            return _mapping(orjson.loads(response.content))
        except orjson.JSONDecodeError:
            raise SessionEnded(f"{self.name} does not answer in JSON", Remedy.RETRY) from None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
