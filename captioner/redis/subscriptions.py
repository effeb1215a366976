"""Sharded pub/sub: one subscription a channel, however many listen, made again after a loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from redis.exceptions import AskError, ClusterError, RedisError

from captioner.redis.line import Line, LineLost

logger = logging.getLogger(__name__)

Hear = Callable[[bytes], None]
Resumed = Callable[[], None]


@dataclass(eq=False, slots=True)
class _Ear:
    hear: Hear
    resumed: Resumed
    entered: bool = False
    """Whether its listener already relies on the subscription."""


@dataclass(eq=False, slots=True)
class _Channel:
    ears: list[_Ear] = field(default_factory=list)
    line: Line | None = None
    """Over which the subscription is made."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether it is confirmed, or cannot be made now."""


class Subscriptions:
    """`line_of` says over which connection a channel is to be heard; None while it is away.

    `displaced` is called when a server does not serve a channel that it was thought to serve;
    whoever finds out where it is now calls `renew`.
    """

    def __init__(
        self, line_of: Callable[[bytes], Line | None], displaced: Callable[[], None]
    ) -> None:
        self._line_of = line_of
        self._displaced = displaced
        self._channels: dict[bytes, _Channel] = {}

    @asynccontextmanager
    async def listening(self, name: bytes, hear: Hear, resumed: Resumed) -> AsyncIterator[None]:
        channel = self._channels.setdefault(name, _Channel())
        ear = _Ear(hear, resumed)
        channel.ears.append(ear)
        try:
            if channel.line is None:
                self._subscribe(name, channel)
            await channel.settled.wait()
            ear.entered = True
            yield
        finally:
            channel.ears.remove(ear)
            if not channel.ears:
                del self._channels[name]
                _unsubscribe(name, channel)

    def renew(self) -> None:
        """Make every subscription where it belongs now: servers came, or channels moved."""
        for name, channel in self._channels.items():
            if channel.line is None or channel.line is not self._line_of(name):
                _unsubscribe(name, channel)
                self._subscribe(name, channel)

    def told(self, name: bytes, message: bytes) -> None:
        channel = self._channels.get(name)
        if channel is not None:
            for ear in tuple(channel.ears):
                ear.hear(message)

    def left(self, line: Line, name: bytes) -> None:
        channel = self._channels.get(name)
        if channel is not None and channel.line is line:
            _cut(channel)
            self._displaced()

    def lost(self, line: Line) -> None:
        """All that was heard over this line is not heard any more."""
        for channel in self._channels.values():
            if channel.line is line:
                _cut(channel)

    def _subscribe(self, name: bytes, channel: _Channel) -> None:
        _cut(channel)
        line = self._line_of(name)
        with suppress(LineLost):
            if line is not None:
                line.subscribe(name, partial(self._settle, channel, line))
                channel.line = line
                channel.settled.clear()

    def _settle(self, channel: _Channel, line: Line, refusal: RedisError | None) -> None:
        if channel.line is not line:
            return
        if refusal is not None:
            if not isinstance(refusal, AskError | ClusterError):
                logger.warning("Redis refuses to tell what is published: %s.", refusal)
            _cut(channel)
            self._displaced()
            return
        channel.settled.set()
        for ear in tuple(channel.ears):
            if ear.entered:
                ear.resumed()


def _unsubscribe(name: bytes, channel: _Channel) -> None:
    if channel.line is not None:
        with suppress(LineLost):
            channel.line.unsubscribe(name)


def _cut(channel: _Channel) -> None:
    channel.line = None
    channel.settled.set()
