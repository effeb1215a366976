"""How a session begins: connected, configured, and only then good for anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.connection import Connection
from captioner.realtime.engines import Engine
from captioner.realtime.session import Session
from captioner.realtime.trouble import Remedy, SessionEnded

logger = logging.getLogger(__name__)

_GREETING_S = 3.0


async def configure(connection: Connection, session: Session) -> None:
    """Ask for the configuration until the server has confirmed one; raises `SessionEnded`."""
    provider = session.provider
    try:
        if provider.greets:
            await _hear_greeting(connection, session)
        await send(connection, session.configure())
        async with asyncio.timeout(provider.configures):
            while not session.ready:
                session.receive(await connection.receive())
                await send(connection, session.take_replies())
    except TimeoutError:
        message = f"{provider.name} did not confirm its configuration"
        raise SessionEnded(message, Remedy.RETRY) from None
    for option in session.left_out:
        logger.warning("%s does not take %r: captions go on without it", provider.name, option)


async def send(connection: Connection, messages: Iterable[str]) -> None:
    """Send messages in their order."""
    for message in messages:
        await connection.send(message)


async def try_out(engine: Engine) -> None:
    """Open a session and close it; raises `EngineUnavailable` with why there can be none."""
    session = Session(Configuration(engine.provider, Wishes()))
    async with engine.connect() as connection:
        await configure(connection, session)


async def _hear_greeting(connection: Connection, session: Session) -> None:
    """Hear who is there, before it is asked for anything: the first event says so."""
    try:
        async with asyncio.timeout(_GREETING_S):
            session.receive(await connection.receive())
    except TimeoutError:
        return
