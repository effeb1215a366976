"""The parts, joined in the order that captions flow; the one file that knows all."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from captioner.accounts.accounts import Accounts
from captioner.accounts.budget import Budget, Budgets
from captioner.archive.store import Store, open_store
from captioner.audio.pcm import SAMPLE_RATE, SPEECH_RATE
from captioner.bus.memory import MemoryBus
from captioner.delivery.hub import Hub
from captioner.engine_process import engine_process
from captioner.errors import CaptionerError, EngineUnavailable
from captioner.ingest.tracks import Tracks
from captioner.metrics import Metrics
from captioner.realtime.connection import connector, transcription_address
from captioner.realtime.cost import price_table
from captioner.realtime.session import Options
from captioner.realtime.transcription import Transcription
from captioner.rooms.clock import utc_now
from captioner.rooms.registry import Rooms
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
    """Where speech is recognised. `check` raises `EngineUnavailable` while it is not.

    `sample_rate`: of the audio that it is best given, in Hz.
    """

    url: str
    check: Callable[[], Awaitable[None]]
    sample_rate: int


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
                on_ready(_address(settings.host, listener.getsockname()[1]))
                await _interrupted()
                logger.info("Finishing what was said; Ctrl-C again quits at once.")
                server.stop_accepting()
                await _finish(parts, store)


@asynccontextmanager
async def recogniser(settings: Settings) -> AsyncIterator[Recogniser]:
    """The embedded engine, running until the block ends, or the server that was named."""
    if settings.engine != "embedded":
        yield _elsewhere(settings.engine)
        return
    options = {"--device": settings.device, "--model": settings.model, "--cache": settings.cache}
    given = [str(word) for name, value in options.items() if value for word in (name, value)]
    command = (sys.executable, "-m", "captioner", "engine", *given)
    async with engine_process(*command) as engine:

        async def check() -> None:
            if not engine.ready:
                raise EngineUnavailable("The engine is being started again.")

        yield Recogniser(transcription_address(engine.url), check, SPEECH_RATE)


def _elsewhere(address: str) -> Recogniser:
    url = urlsplit(address)

    async def check() -> None:
        port = url.port or (443 if url.scheme == "wss" else 80)
        try:
            async with asyncio.timeout(REACH_SECONDS):
                _, writer = await asyncio.open_connection(url.hostname, port)
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(f"Nobody answers at {address}.") from error
        writer.close()

    return Recogniser(transcription_address(address), check, SAMPLE_RATE)


@asynccontextmanager
async def _joined(settings: Settings, store: Store, recogniser: Recogniser) -> AsyncIterator[Parts]:
    """Audio → tracks → recogniser → rooms → journal and bus → hub → readers."""
    connect = connector(recogniser.url)

    def transcribe(
        start: float,
        language: str,
        keywords: tuple[str, ...],
        on_trouble: Callable[[str | None], None],
    ) -> Transcription:
        options = Options(language=language, keywords=keywords, sample_rate=recogniser.sample_rate)
        return Transcription(connect, options, start=start, on_trouble=on_trouble)

    bus = MemoryBus()
    metrics = Metrics()
    rooms = Rooms(bus, store)
    await rooms.load()
    budgets = Budgets(Budget(settings.budget_room), Budget(settings.budget_day))
    accounts = Accounts(price_table(settings.prices), budgets, store.usage, utc_now)
    await accounts.load()
    async with (
        asyncio.TaskGroup() as tasks,
        Tracks(transcribe, recogniser.sample_rate, grace_s=settings.grace) as tracks,
        Hub(bus) as hub,
    ):
        rooms.on_ending.append(tracks.finish)
        rooms.on_erased.append(accounts.forget)
        files = tasks.create_task(store.run())
        counting = tasks.create_task(accounts.run())
        yield Parts(
            rooms, bus, tracks, hub, store.transcript, recogniser.check, accounts.usage, metrics
        )
        files.cancel()
        counting.cancel()


async def _finish(parts: Parts, store: Store) -> None:
    """Caption what was said, write it down, and let the readers go with it."""
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            await parts.tracks.finish_all()
    except TimeoutError as error:
        raise CaptionerError(
            "Not all that was said is captioned; its publishers still have it to send again."
        ) from error
    for room in parts.rooms.list():
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
