"""What one process at a time does for a room that many share, held by a lease."""

from __future__ import annotations

from contextlib import suppress

from captioner.bus.bus import Bus
from captioner.captions.model import Caption, Event
from captioner.errors import Fenced, RedisUnavailable
from captioner.rooms.records import Published
from captioner.rooms.shared.leases import Lease
from captioner.rooms.shared.letters import Correspondence
from captioner.rooms.shared.requests import Journalled


class SharedDuty:
    """Implements `captioner.rooms.room.Duty`: the room's keeper journals and numbers finals."""

    def __init__(self, room: str, lease: Lease, bus: Bus, letters: Correspondence) -> None:
        self._room = room
        self._lease = lease
        self._bus = bus
        self._letters = letters

    async def publish(self, event: Event) -> None:
        """A revision of an open caption is left out while Redis is away: a better one follows."""
        if self._lease.lost.is_set():
            raise Fenced(f"another process does {self._lease.fence.duty} of room {self._room}")
        if isinstance(event, Caption) and not event.final:
            with suppress(RedisUnavailable):
                await self._bus.publish(self._room, event, fence=self._lease.fence)
            return
        # The clock of this process says nothing: it publishes no audio.
        entry = Published(event, event.end if isinstance(event, Caption) else 0.0)
        await self._letters.ask(Journalled(entry), self._lease.fence, patience_s=None)
