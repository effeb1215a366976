"""Who recognises speech: the engines that the settings choose, reached or started."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from captioner.engine_process import EngineProcess, engine_process
from captioner.errors import EngineUnavailable
from captioner.realtime.choice import Choice, Keys, choices
from captioner.realtime.connection import (
    PATIENT_PONG_S,
    PONG_S,
    connector,
    transcription_address,
)
from captioner.realtime.engines import Engine
from captioner.realtime.opening import try_out
from captioner.settings import Settings

REACH_SECONDS = 2.0
"""How long a recogniser elsewhere may take to accept a connection."""

Check = Callable[[], Awaitable[None]]
"""Raises `EngineUnavailable` where something is wrong."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Who recognises speech: engines in the order in which they are wanted.

    `check` raises `EngineUnavailable` while none of them can be reached. `embedded`: where the
    sessions of the embedded engine are, if it is one of them.
    """

    engines: tuple[Engine, ...]
    check: Callable[[], Awaitable[None]]
    embedded: str | None = None

    @property
    def sample_rate(self) -> int:
        """Of the audio that serves them all, in Hz."""
        return max(engine.provider.sample_rate for engine in self.engines)


@asynccontextmanager
async def recogniser(settings: Settings) -> AsyncIterator[Recogniser]:
    """Those that the settings choose; the embedded engine runs until the block ends.

    Raises `BadInput` where a choice makes no sense, or a key is missing.
    """
    chosen = choices(settings.engine, keys_of(settings))
    checks: list[Check] = []
    engines: list[Engine] = []
    embedded: str | None = None
    async with AsyncExitStack() as stack:
        for choice in chosen:
            if choice.url:
                check = answering(choice.url)
            else:
                process = await stack.enter_async_context(engine_process(*engine_command(settings)))
                embedded = process.url
                choice = replace(choice, url=transcription_address(embedded))
                check = _is_ready(process)
            engines.append(_engine(choice))
            checks.append(_is_worth_trying(engines[-1], check))
        yield Recogniser(tuple(engines), lambda: _any_of(checks), embedded)


def _engine(choice: Choice) -> Engine:
    connect = connector(
        choice.url,
        choice.headers,
        server=choice.provider.name,
        secret=choice.secret,
        opens=choice.provider.opens,
        pong=PONG_S if choice.provider.pace else PATIENT_PONG_S,
    )
    return Engine(choice.provider, connect)


def keys_of(settings: Settings) -> Keys:
    """What the servers that were chosen ask for."""
    return Keys(
        openai=settings.openai_api_key.get_secret_value(),
        openai_url=settings.openai_base_url,
        azure=settings.azure_openai_api_key.get_secret_value(),
        azure_url=settings.azure_openai_endpoint,
        server=settings.engine_key.get_secret_value(),
        translator=settings.translator_key.get_secret_value(),
        voice=settings.voice_key.get_secret_value(),
    )


def engine_command(settings: Settings) -> list[str]:
    """What starts the embedded engine."""
    options = {"--device": settings.device, "--model": settings.model, "--cache": settings.cache}
    given = [str(word) for name, value in options.items() if value for word in (name, value)]
    return [sys.executable, "-m", "captioner", "engine", *given]


async def _any_of(checks: Sequence[Check]) -> None:
    """Raises what the last of them does, if all do."""
    for number, check in enumerate(checks, 1):
        try:
            return await check()
        except EngineUnavailable:
            if number == len(checks):
                raise


def _is_ready(process: EngineProcess) -> Check:
    async def check() -> None:
        if not process.ready:
            raise EngineUnavailable("The engine is being started again.")

    return check


def _is_worth_trying(engine: Engine, check: Check) -> Check:
    """A server that answers may have refused the key; then it is left alone for a while."""

    async def both() -> None:
        if engine.breaker.wait() > 0:
            raise EngineUnavailable(engine.breaker.trouble)
        await check()

    return both


def answering(address: str) -> Check:
    """Whether somebody takes connections there."""
    url = urlsplit(address)

    async def check() -> None:
        port = url.port or (443 if url.scheme == "wss" else 80)
        try:
            async with asyncio.timeout(REACH_SECONDS):
                _, writer = await asyncio.open_connection(url.hostname, port)
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(f"Nobody answers at {url.hostname}:{port}.") from error
        writer.close()

    return check


async def say_what_is_wrong(engines: Sequence[Engine]) -> None:
    """Say what is wrong before somebody speaks: a key that is not accepted, a wrong address."""
    for engine in engines:
        try:
            await try_out(engine)
        except EngineUnavailable as error:
            logger.warning("No recognition: %s", error)
