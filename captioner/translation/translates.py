"""A way to have rooms translated, as the stage sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from captioner.captions.model import Caption
from captioner.rooms.room import Room
from captioner.translation.progress import Progress

Kept = Callable[[str, str], Awaitable[Sequence[Caption]]]
"""Of a room, the finals that are kept: as they were said, and in a language."""


class RoomTranslation(Protocol):
    """The translation of one room into one language."""

    @property
    def progress(self) -> Progress | None:
        """How it goes just now; None while nothing of the room is translated here."""
        ...

    async def run(self) -> None:
        """Translate until cancelled, or until there is nothing left to translate here."""
        ...

    async def finish(self) -> None:
        """Return when all that was said up to now is translated; `run` runs meanwhile."""
        ...


class Translates(Protocol):
    """A way to have rooms translated."""

    def translation(
        self, room: Room, language: str
    ) -> AbstractAsyncContextManager[RoomTranslation | None]:
        """The room's translation, to be run in the block; None: another process does it.

        Entering raises `captioner.errors.RedisUnavailable`.
        """
        ...
