"""Tracks whose process is gone: their captions are finished if nobody goes on with them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from captioner.bus.bus import Bus
from captioner.captions.model import Settled
from captioner.rooms.local import left_open_by
from captioner.rooms.shared.kept_room import KeptRoom, track_duty
from captioner.rooms.shared.leases import Leases

logger = logging.getLogger(__name__)


class Orphans:
    """Watches over a kept room's tracks. `grace_s`: how long one without a process is left open."""

    def __init__(self, kept: KeptRoom, *, bus: Bus, leases: Leases, grace_s: float) -> None:
        self._kept = kept
        self._bus = bus
        self._leases = leases
        self._grace_s = grace_s
        self._since: dict[str, float] = {}
        """Since when a track has had no process."""

    async def look(self) -> None:
        """Finish the captions of tracks that were left for too long."""
        now = asyncio.get_running_loop().time()
        tracks = self._kept.room.open_tracks
        self._since = {stream: since for stream, since in self._since.items() if stream in tracks}
        for stream in tracks:
            if await self._leases.alive(self._kept.id, track_duty(stream)):
                self._since.pop(stream, None)
                continue
            since = self._since.setdefault(stream, now)
            if now - since >= (0 if self._kept.ending else self._grace_s):
                await self._close(stream)

    async def _close(self, stream: str) -> None:
        """What readers saw of its open captions is all that is left of what was said."""
        room = self._kept.room
        lease = await self._leases.acquire(room.id, track_duty(stream))
        if lease is None:
            return
        for caption in await left_open_by(self._bus, room.id, stream):
            final = replace(
                caption, rev=caption.rev + 1, stable=len(caption.text), final=True, lag_ms=None
            )
            until = round(max(0.0, caption.end - room.base(stream)), 3)
            await room.publish(final, settled=Settled(stream, until))
        await room.close_track(stream)
        await self._leases.release(lease)
        logger.warning("Room %s: a stream was left, and nobody went on with it.", room.id)
