"""A room that many processes share, as one that captions some of its tracks sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from captioner.bus.bus import Bus
from captioner.captions.messages import from_message
from captioner.captions.model import Caption, Event, RoomChange, Settled, Status
from captioner.errors import CaptionerError, Fenced, RedisUnavailable, StreamInUse
from captioner.redis.connection import Redis
from captioner.rooms.clock import RoomClock
from captioner.rooms.local import languages_chosen, left_open_by
from captioner.rooms.record_json import record_from
from captioner.rooms.records import Published
from captioner.rooms.room import Publisher, RoomSettings, TrackPlace
from captioner.rooms.shared.duty import SharedDuty
from captioner.rooms.shared.kept_room import track_duty
from captioner.rooms.shared.leases import TIME_TO_LIVE_S, Lease, Leases
from captioner.rooms.shared.letters import Answer, Correspondence
from captioner.rooms.shared.requests import Journalled, Request, TrackStarted, TrackStopped
from captioner.rooms.shared.unsent import Unsent

ANSWER_S = 15.0
"""How long somebody who waits is let wait for the room's keeper."""
_TAKE_OVER_S = TIME_TO_LIVE_S + 0.5
"""After so long a process that held the stream and died has lost it."""

_PAUSE_S = 0.1
"""Between two attempts at what Redis refuses."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Track:
    """A stream that this process captions."""

    lease: Lease
    publisher: Publisher
    captions: int = 0
    """How many ids were given out."""
    failure: CaptionerError | None = None


class SharedRoom:
    """Implements `captioner.rooms.room.Room`.

    What is journalled goes to the room's keeper, and is published by it. Revisions of open
    captions go straight to the bus. While that cannot be reached, this process's readers are shown
    them, and finals as captions that are still open: nothing is final before it is journalled.
    """

    def __init__(
        self,
        settings: RoomSettings,
        change: RoomChange,
        *,
        redis: Redis,
        bus: Bus,
        leases: Leases,
        on_finish: Callable[[str], None] = lambda _room: None,
        on_changed: Callable[[SharedRoom], None] = lambda _room: None,
        on_shown: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_finish`: called when the room is to end. `on_changed`: its settings are others.
        `on_shown`: an event is shown without a number.
        """
        self.settings = settings
        self._change = change
        self._redis = redis
        self._bus = bus
        self._leases = leases
        self._on_finish = on_finish
        self._on_changed = on_changed
        self._on_shown = on_shown
        self._clock = RoomClock()
        self._tracks: dict[str, _Track] = {}
        self._settled: dict[str, float] = {}
        self._unsent = Unsent()
        self._cut_off = False
        """Whether the last event that was to be numbered here was not."""
        self.letters: Correspondence | None = None
        """Set by whoever opens tracks."""

    @property
    def status(self) -> Status:
        return self._change.status

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*languages_chosen(self.settings), *self._change.languages)))

    @property
    def open_tracks(self) -> frozenset[str]:
        """The streams that this process captions."""
        return frozenset(self._tracks)

    def now(self) -> float:
        return self._clock.now()

    def next_caption_id(self, stream: str) -> str:
        track = self._tracks[stream]
        track.captions += 1
        # The lease's token is the stream's alone, and no process ever gets it again.
        return f"u{_base36(track.lease.fence.token)}-{track.captions}"

    def hear(self, told: Answer) -> None:
        """The keeper says something to all."""
        match told:
            case {"change": dict(change)}:
                event = from_message(change)
                assert isinstance(event, RoomChange)
                self._change = event
            case {"record": str(record)}:
                self.settings = record_from(self.settings.id, record.encode()).settings
                self._on_changed(self)
            case {"finish": True}:
                self._on_finish(self.settings.id)

    def take(self, settings: RoomSettings, change: RoomChange) -> None:
        """How the room is, where something of what its keeper said may have been missed."""
        self._change = change
        if settings != self.settings:
            self.settings = settings
            self._on_changed(self)

    async def open_track(self, stream: str, publisher: Publisher) -> TrackPlace:
        lease = await self._leases.acquire(
            self.settings.id,
            track_duty(stream),
            patience_s=_TAKE_OVER_S,
            on_lost=lambda: self._displaced(stream),
            free=lambda: not publisher.attended,
        )
        if lease is None:
            raise StreamInUse("another connection publishes this stream")
        self._tracks[stream] = _Track(lease, publisher)
        try:
            started = TrackStarted(stream, publisher.speaker, publisher.language)
            place = await self._ask(started, lease)
            left_open = await left_open_by(self._bus, self.settings.id, stream)
        except BaseException:
            self._tracks.pop(stream, None)
            await self._leases.release(lease)
            raise
        self._clock.resume(datetime.fromisoformat(place["clock"]), not_before=place["latest"])
        self._settled[stream] = place["settled"]
        return TrackPlace(stream, place["base"], place["settled"], left_open)

    async def close_track(self, stream: str) -> None:
        track = self._tracks[stream]
        try:
            if not track.lease.lost.is_set():
                await self._ask(TrackStopped(stream), track.lease, patience_s=None)
        finally:
            del self._tracks[stream]
            await self._leases.release(track.lease)

    async def publish(self, event: Event, *, settled: Settled | None = None) -> None:
        assert not isinstance(event, RoomChange), "the keeper alone says how the room is"
        track = self._tracks[event.track or ""]
        if track.failure is not None:
            raise track.failure
        if isinstance(event, Caption):
            event = self._unsent.numbered(event)
            if not event.final:
                await self._show(event, track)
                return
            self._unsent.drop(event)
            if self._cut_off or not self._redis.up:
                event = self._show_unjournalled(event)
        await self._journal(Published(event, self.now(), settled), track)

    @asynccontextmanager
    async def duty(self, name: str) -> AsyncIterator[SharedDuty | None]:
        lease = await self._leases.acquire(self.settings.id, name)
        if lease is None:
            yield None
            return
        assert self.letters is not None
        try:
            yield SharedDuty(self.settings.id, lease, self._bus, self.letters)
        finally:
            await self._leases.release(lease)

    async def settle(self, settled: Settled) -> None:
        await self._journal(settled, self._tracks[settled.stream])

    def settled(self, stream: str) -> float:
        return self._settled[stream]

    async def show_unsent(self) -> None:
        """Publish what could not be published when it was made; in a task of the caller's."""
        while True:
            await self._unsent.some()
            await self._redis.wait_until_up()
            for caption in self._unsent.take():
                track = self._tracks.get(caption.track)
                with suppress(Fenced):
                    if track is not None and not await self._number(caption, track):
                        self._unsent.add_older(caption)
            if self._cut_off:
                await asyncio.sleep(_PAUSE_S)

    async def _show(self, caption: Caption, track: _Track) -> None:
        """Show a revision of an open caption, to everybody if that can be."""
        if not await self._number(caption, track):
            self._show_here(caption)
            self._unsent.add(caption)

    async def _number(self, caption: Caption, track: _Track) -> bool:
        """Publish a revision of an open caption, if that can be done now; raises `Fenced`."""
        self._cut_off = True
        try:
            await self._bus.publish(self.settings.id, caption, fence=track.lease.fence)
            self._cut_off = False
        except Fenced:
            await self._leases.confirm(track.lease)  # a Redis that forgot everything refuses all
        except RedisUnavailable:
            pass
        return not self._cut_off

    def _show_unjournalled(self, final: Caption) -> Caption:
        """Show this process's readers what a caption says in the end; return its final."""
        if final.text:
            self._show_here(replace(final, final=False, phrases=()))
            return self._unsent.one_more(final)
        return final

    def _show_here(self, caption: Caption) -> None:
        """Show this process's readers what cannot be numbered now."""
        self._bus.show(self.settings.id, caption)
        self._on_shown()

    async def _journal(self, entry: Published | Settled, track: _Track) -> None:
        assert self.letters is not None
        await self.letters.until_few()
        answer = self.letters.send(Journalled(entry), track.lease.fence)
        settled = entry if isinstance(entry, Settled) else entry.settled
        answer.add_done_callback(lambda done: self._take_note(done, track, settled))

    def _take_note(
        self, answer: asyncio.Future[Answer], track: _Track, settled: Settled | None
    ) -> None:
        """The keeper has journalled an entry of the track, or will not."""
        if answer.cancelled():
            return
        error = answer.exception()
        if isinstance(error, CaptionerError):
            track.failure = track.failure or error
        elif settled is not None:
            self._settled[settled.stream] = max(self._settled[settled.stream], settled.until)

    async def _ask(
        self, request: Request, lease: Lease, patience_s: float | None = ANSWER_S
    ) -> Mapping[str, Any]:
        assert self.letters is not None
        return await self.letters.ask(request, lease.fence, patience_s=patience_s)

    def _displaced(self, stream: str) -> None:
        track = self._tracks.get(stream)
        if track is not None:
            track.failure = Fenced("another process goes on with this stream")
            track.publisher.displaced()


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
