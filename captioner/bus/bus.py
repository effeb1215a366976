"""The bus: how events travel from whoever makes them to whoever reads them.

One implementation keeps everything in memory, for one process; others share it between processes.
All pass the same contract suite (`tests/contract/test_bus.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from captioner.captions.model import Event, Numbered, Position, Unnumbered

Live = Numbered | Unnumbered
"""What a subscriber gets."""


@dataclass(frozen=True, slots=True)
class History:
    """What a reader missed.

    `events` holds, in order of `seq`, the newest revision of every caption whose newest revision
    lies past the position asked for, and the gaps and room events past it. `recovered` says
    truthfully that nothing is missing between that position (the room's beginning, where none was
    asked for) and `position`; if it is false, `events` is a fresh snapshot of all that is kept.
    """

    position: Position
    events: tuple[Numbered, ...]
    recovered: bool


@dataclass(frozen=True, slots=True)
class Fence:
    """Who may publish, where processes share a room: the holder of a duty whose token is this one.

    Whoever takes a duty over gets another token, so that who held it before publishes nothing more.
    """

    duty: str
    token: int


class Bus(Protocol):
    """Numbered events a room, in one order for every reader. Every buffer is bounded."""

    async def publish(self, room: str, event: Event, *, fence: Fence | None = None) -> int:
        """Number the event, remember it, hand it to the subscribers; return its `seq`.

        Raises `captioner.errors.RedisUnavailable` where what the processes share is away; the event
        may be published nevertheless, and is not published twice by publishing it again. Raises
        `captioner.errors.Fenced` where the fence no longer stands.
        """
        ...

    def show(self, room: str, event: Event) -> None:
        """Hand the event, which cannot be numbered now, to the subscribers of this process."""
        ...

    async def position(self, room: str) -> Position:
        """Where the room's history stands now."""
        ...

    async def history(self, room: str, after: Position | None = None) -> History:
        """All that is kept (`after` None), or what came after a position."""
        ...

    def subscribe(self, room: str) -> AbstractAsyncContextManager[AsyncIterator[Live]]:
        """Live events from entering the context on, in order, without a hole.

        Where events were missed and are caught up on, revisions that newer ones have replaced are
        left out, so that `seq` may rise by more than one. Entering raises
        `captioner.errors.RedisUnavailable` where what the processes share is away and nobody here
        subscribes yet; so do `history` and `position`.

        Iterating raises `captioner.errors.SubscriberTooSlow` when the subscriber fell behind the
        bus's bound; what it missed is in `history`. Iterating ends when the room is forgotten.
        """
        ...

    async def forget(self, room: str) -> None:
        """Drop everything kept of the room; a later publish starts a new epoch."""
        ...
