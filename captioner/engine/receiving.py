"""How a session that hears is given what its client sends, and the others their turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from websockets.asyncio.server import ServerConnection

from captioner.engine.protocol_error import ProtocolError
from captioner.engine.scheduler import Scheduler

Event = TypeVar("Event", contravariant=True)


class Hears(Protocol[Event]):
    """A session without I/O."""

    def receive(self, event: Event, now: float) -> Iterator[None]:
        """Do what the client asks, in steps; `now` is seconds on any clock."""
        ...

    def refuse(self, error: ProtocolError) -> None:
        """Say what is wrong; nothing else happens."""
        ...


async def receive(
    socket: ServerConnection,
    parse: Callable[[str | bytes], Event],
    session: Hears[Event],
    scheduler: Scheduler,
    until_room: Callable[[], Awaitable[None]],
) -> None:
    """Until the client goes. `until_room` waits while it has sent too much."""
    async for message in socket:
        try:
            event = parse(message)
        except ProtocolError as error:
            session.refuse(error)
            continue
        for _ in session.receive(event, time.monotonic()):
            scheduler.wake()
            await asyncio.sleep(0)
            await until_room()
        scheduler.wake()
