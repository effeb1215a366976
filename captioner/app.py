"""A process of the server: what it is told to do, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable

from captioner.errors import CaptionerError, EngineUnavailable
from captioner.joined import Running, joined_alone, joined_over_redis
from captioner.server.application import create_application
from captioner.server.listening import bound, listening
from captioner.server.pages import web_root
from captioner.server.security import require_loopback
from captioner.settings import Settings

FINISH_SECONDS = 45.0
"""How long captioning what was said may take when the server stops."""
LEAVE_SECONDS = 10.0
"""How long readers may take to get the last of it."""

logger = logging.getLogger(__name__)


async def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Do what the settings say until Ctrl-C or SIGTERM; then finish what was said, and return.

    `on_ready` is called with the address to open, once this process can do its work. A second
    signal ends it at once. Raises `CaptionerError` with what keeps it from running.
    """
    require_loopback(settings.host)
    joined = joined_over_redis if settings.redis.get_secret_value() else joined_alone
    with bound(settings.host, settings.port) as listener:
        async with joined(settings) as running:
            application = create_application(running.parts, web_root())
            async with listening(application, listener) as server:
                # What is loaded stays: a full collection would look through it, 40 ms each time.
                gc.collect()
                gc.freeze()
                on_ready(_address(settings.host, listener.getsockname()[1]))
                await _interrupted()
                logger.info("Finishing what was said; Ctrl-C again quits at once.")
                server.stop_accepting()
                await _finish(running)


async def _finish(running: Running) -> None:
    """Caption what was said, write it down, and let the readers go with it."""
    tracks = running.parts.tracks
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            await tracks.finish_all()
    except TimeoutError as error:
        message = "Not all that was said is captioned; its publishers still have it to send again."
        await tracks.abandon(EngineUnavailable(message))
        raise CaptionerError(message) from error
    await running.write_down()
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await asyncio.gather(running.parts.hub.close(), running.parts.voices.close())
    except TimeoutError:
        logger.warning("Some readers or listeners did not take the last captions.")


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
