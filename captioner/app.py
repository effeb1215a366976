"""The parts, joined in the order that captions flow; the one file that knows all."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from captioner.accounts.accounts import Accounts
from captioner.accounts.budget import Budget, Budgets
from captioner.archive.store import Store, open_store
from captioner.bus.memory import MemoryBus
from captioner.delivery.hub import Hub
from captioner.engine_process import EngineProcess, engine_process
from captioner.errors import CaptionerError, EngineUnavailable
from captioner.ingest.stage import wishes_of
from captioner.ingest.tracks import Tracks
from captioner.metrics import Metrics
from captioner.realtime.choice import Choice, Keys, choices
from captioner.realtime.connection import (
    PATIENT_PONG_S,
    PONG_S,
    connector,
    transcription_address,
)
from captioner.realtime.cost import price_table
from captioner.realtime.engines import Engine
from captioner.realtime.opening import try_out
from captioner.realtime.patience import Patience
from captioner.realtime.transcription import Transcription
from captioner.rooms.clock import utc_now
from captioner.rooms.registry import Rooms
from captioner.rooms.room import Room, TrackPlace
from captioner.server.application import create_application
from captioner.server.listening import bound, listening
from captioner.server.pages import web_root
from captioner.server.parts import Parts
from captioner.server.security import require_loopback
from captioner.settings import Settings

FINISH_SECONDS = 45.0
"""How long captioning what was said may take when the server stops."""
LEAVE_SECONDS = 10.0
"""How long readers may take to get the last of it."""
REACH_SECONDS = 2.0
"""How long a recogniser elsewhere may take to accept a connection."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Who recognises speech: engines in the order in which they are wanted.

    `check` raises `EngineUnavailable` while none of them can be reached.
    """

    engines: tuple[Engine, ...]
    check: Callable[[], Awaitable[None]]

    @property
    def sample_rate(self) -> int:
        """Of the audio that serves them all, in Hz."""
        return max(engine.provider.sample_rate for engine in self.engines)


async def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Run the whole product until Ctrl-C or SIGTERM; then finish what was said, and return.

    `on_ready` is called with the address to open, once speech can be captioned. A second signal
    ends the process at once. Raises `CaptionerError` with what keeps the server from running.
    """
    require_loopback(settings.host)
    with bound(settings.host, settings.port) as listener, open_store(settings.data) as store:
        async with (
            recogniser(settings) as recognises,
            _joined(settings, store, recognises) as parts,
        ):
            async with listening(create_application(parts, web_root()), listener) as server:
                # What is loaded stays: a full collection would look through it, 40 ms each time.
                gc.collect()
                gc.freeze()
                on_ready(_address(settings.host, listener.getsockname()[1]))
                await _interrupted()
                logger.info("Finishing what was said; Ctrl-C again quits at once.")
                server.stop_accepting()
                await _finish(parts, store)


@asynccontextmanager
async def recogniser(settings: Settings) -> AsyncIterator[Recogniser]:
    """Those that the settings choose; the embedded engine runs until the block ends.

    Raises `BadInput` where a choice makes no sense, or a key is missing.
    """
    chosen = choices(settings.engine, _keys(settings))
    checks: list[Check] = []
    engines: list[Engine] = []
    async with AsyncExitStack() as stack:
        for choice in chosen:
            if choice.url:
                check = _answers(choice.url)
            else:
                process = await stack.enter_async_context(engine_process(*_command(settings)))
                choice = replace(choice, url=transcription_address(process.url))
                check = _is_ready(process)
            engines.append(_engine(choice))
            checks.append(_is_worth_trying(engines[-1], check))
        yield Recogniser(tuple(engines), lambda: _any_of(checks))


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


def _keys(settings: Settings) -> Keys:
    return Keys(
        openai=settings.openai_api_key.get_secret_value(),
        openai_url=settings.openai_base_url,
        azure=settings.azure_openai_api_key.get_secret_value(),
        azure_url=settings.azure_openai_endpoint,
        server=settings.engine_key.get_secret_value(),
    )


def _command(settings: Settings) -> list[str]:
    options = {"--device": settings.device, "--model": settings.model, "--cache": settings.cache}
    given = [str(word) for name, value in options.items() if value for word in (name, value)]
    return [sys.executable, "-m", "captioner", "engine", *given]


Check = Callable[[], Awaitable[None]]


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


def _answers(address: str) -> Check:
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


@asynccontextmanager
async def _joined(settings: Settings, store: Store, recogniser: Recogniser) -> AsyncIterator[Parts]:
    """Audio → tracks → recogniser → rooms → journal and bus → hub → readers."""
    bus = MemoryBus()
    metrics = Metrics()
    rooms = Rooms(bus, store)
    await rooms.load()
    budgets = Budgets(Budget(settings.budget_room), Budget(settings.budget_day))
    accounts = Accounts(price_table(settings.prices), budgets, store.usage, utc_now)
    await accounts.load()

    def transcribe(room: Room, place: TrackPlace, language: str) -> Transcription:
        return Transcription(
            recogniser.engines,
            wishes_of(room, language),
            sample_rate=recogniser.sample_rate,
            start=place.base + place.settled,
            patience=Patience(renew=60 * settings.session_minutes),
            meter=accounts.meter(room.settings.id, place.stream),
            metrics=metrics,
        )

    async with (
        asyncio.TaskGroup() as tasks,
        Tracks(
            transcribe,
            recogniser.sample_rate,
            on_gap=lambda gap: metrics.gap(gap.reason, gap.end - gap.start),
            grace_s=settings.grace,
        ) as tracks,
        Hub(bus) as hub,
    ):
        rooms.on_ending.append(tracks.finish)
        rooms.on_erased.append(accounts.forget)
        rooms.on_changed.append(tracks.change)
        files = tasks.create_task(store.run())
        counting = tasks.create_task(accounts.run())
        trying = tasks.create_task(_try_out(recogniser.engines))
        yield Parts(
            rooms, bus, tracks, hub, store.transcript, recogniser.check, accounts.usage, metrics
        )
        files.cancel()
        counting.cancel()
        trying.cancel()


async def _try_out(engines: Sequence[Engine]) -> None:
    """Say what is wrong before somebody speaks: a key that is not accepted, a wrong address."""
    for engine in engines:
        try:
            await try_out(engine)
        except EngineUnavailable as error:
            logger.warning("No recognition: %s", error)


async def _finish(parts: Parts, store: Store) -> None:
    """Caption what was said, write it down, and let the readers go with it."""
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            await parts.tracks.finish_all()
    except TimeoutError as error:
        message = "Not all that was said is captioned; its publishers still have it to send again."
        await parts.tracks.abandon(EngineUnavailable(message))
        raise CaptionerError(message) from error
    for room in await parts.rooms.list():
        await store.finish(room.settings.id)
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await parts.hub.close()
    except TimeoutError:
        logger.warning("Some readers did not take the last captions.")


async def _interrupted() -> None:
    """Wait for Ctrl-C or SIGTERM; from then on they do what they do by default."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    interrupted = asyncio.Event()
    for number in signals:
        loop.add_signal_handler(number, interrupted.set)
    try:
        await interrupted.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
