"""Rooms translated by what their captions say."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from captioner.bus.bus import Bus
from captioner.metrics import Metrics
from captioner.rooms.room import Duty, Room, translation_duty
from captioner.translation.attempts import Attempts
from captioner.translation.session import Session
from captioner.translation.translates import Kept
from captioner.translation.translator import Translator


class TextTranslates:
    """Translates what captions say, wherever they were made."""

    def __init__(
        self,
        bus: Bus,
        translator: Translator,
        *,
        kept: Kept,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._attempts = Attempts(translator)
        self._kept = kept
        self._metrics = metrics or Metrics()
        self._clock = clock

    @asynccontextmanager
    async def translation(self, room: Room, language: str) -> AsyncIterator[Session | None]:
        async with room.duty(translation_duty(language)) as duty:
            yield None if duty is None else self._session(room, language, duty)

    def _session(self, room: Room, language: str, duty: Duty) -> Session:
        return Session(
            lambda: room.settings,
            language,
            bus=self._bus,
            kept=lambda: self._kept(room.settings.id, language),
            duty=duty,
            attempts=self._attempts,
            metrics=self._metrics,
            clock=self._clock,
        )
