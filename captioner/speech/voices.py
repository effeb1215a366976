"""All voices of this process: one a room and language, for as long as somebody listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType

from captioner.bus.bus import Bus
from captioner.errors import (
    BadInput,
    CaptionerError,
    NoSuchPair,
    RoomEnded,
    TranslationUnavailable,
)
from captioner.rooms.languages import AUTO
from captioner.speech.audience import Audience
from captioner.speech.cast import Cast
from captioner.speech.encoder import Format
from captioner.speech.listener import Listener
from captioner.speech.room import VoicedRoom
from captioner.speech.stage import Stage
from captioner.speech.studio import Studio

LINGER_S = 30.0
"""How long a voice goes on after its last listener has left, who may come back."""

logger = logging.getLogger(__name__)


class Voices:
    """Lets people listen. Use it as an asynchronous context."""

    def __init__(
        self,
        bus: Bus,
        studio: Studio | None,
        *,
        on_skipped: Callable[[], None] = lambda: None,
        linger_s: float = LINGER_S,
    ) -> None:
        """`studio` None: nobody speaks here. `on_skipped`: called for every caption that is not
        said, or not to its end.
        """
        self._bus = bus
        self._studio = studio
        self._on_skipped = on_skipped
        self._linger_s = linger_s
        self._voices: dict[tuple[str, str], _Voice] = {}
        self._listening = 0
        self._nobody_listens = asyncio.Event()
        self._nobody_listens.set()
        self._closing = False
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Voices:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for voice in tuple(self._voices.values()):
            self._stop(voice)
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return self._listening

    @property
    def lag(self) -> float:
        """By how many seconds the voice that is latest lags behind what was said."""
        return max((voice.stage.lag for voice in self._voices.values()), default=0.0)

    def languages(self) -> dict[str, frozenset[str]]:
        """What is listened to of which rooms just now."""
        found: dict[str, set[str]] = {}
        for room, language in self._voices:
            found.setdefault(room, set()).add(language)
        return {room: frozenset(languages) for room, languages in found.items()}

    @asynccontextmanager
    async def listen(
        self, room: VoicedRoom, language: str, format: Format | None = None
    ) -> AsyncIterator[Listener]:
        """A listener to a room's captions in a language, as samples with marks or in a format.

        Raises `RoomEnded`, `BadInput` where the room has no such language, `NoSuchPair` where
        nobody here speaks it, and `TranslationUnavailable`.
        """
        voice = await self._voice(room, language)
        listener = voice.audience.join(format)
        voice.stay()
        self._listening += 1
        self._nobody_listens.clear()
        try:
            await voice.stage.subscribed.wait()
            listener.raise_if_failed()
            if self._closing:
                listener.end(going_away=True)
            yield listener
        finally:
            voice.audience.leave(listener)
            if not voice.audience:
                voice.leave_in(self._linger_s, self._stop)
            self._listening -= 1
            if not self._listening:
                self._nobody_listens.set()

    async def check(self, room: VoicedRoom, language: str) -> None:
        """Raise what `listen` would."""
        if (room.settings.id, language) not in self._voices or room.status == "ended":
            await self._cast(room, language)

    async def close(self) -> None:
        """Let every listener go; return when all have gone."""
        self._closing = True
        for voice in self._voices.values():
            voice.audience.end(going_away=True)
        await self._nobody_listens.wait()

    async def _voice(self, room: VoicedRoom, language: str) -> _Voice:
        key = (room.settings.id, language)
        if key not in self._voices or room.status == "ended":
            studio, cast = await self._cast(room, language)
            if key not in self._voices:
                self._start(key, room, studio, cast)
        return self._voices[key]

    async def _cast(self, room: VoicedRoom, language: str) -> tuple[Studio, Cast]:
        """What a voice needs."""
        if room.status == "ended":
            raise RoomEnded(f"The room {room.settings.id} has ended.")
        _require_language(room, language)
        if self._studio is None:
            raise TranslationUnavailable("This server does not speak: it has no synthesizer.")
        names = await self._studio.synthesizer.voices(language)
        if not names:
            raise NoSuchPair(f"Nobody here speaks {language}.")
        return self._studio, Cast(names)

    def _start(self, key: tuple[str, str], room: VoicedRoom, studio: Studio, cast: Cast) -> None:
        audience = Audience(studio.encoders)
        stage = Stage(
            room,
            key[1],
            bus=self._bus,
            studio=studio,
            cast=cast,
            audience=audience,
            on_skipped=self._on_skipped,
        )
        voice = self._voices[key] = _Voice(key, stage, audience)
        voice.task = self._tasks.create_task(self._run(voice), name=f"voice of {key}")

    async def _run(self, voice: _Voice) -> None:
        error: CaptionerError | None = None
        try:
            await voice.stage.run()
        except CaptionerError as trouble:
            logger.warning("A voice of room %s cannot speak: %s", voice.key[0], trouble)
            error = trouble
        except Exception:  # one room's trouble is not the other rooms'
            logger.exception("A voice of room %s cannot speak.", voice.key[0])
            error = CaptionerError("The server failed to speak.")
        self._forget(voice)
        voice.audience.end(error)
        voice.stage.subscribed.set()

    def _stop(self, voice: _Voice) -> None:
        self._forget(voice)
        voice.task.cancel()

    def _forget(self, voice: _Voice) -> None:
        voice.stay()
        if self._voices.get(voice.key) is voice:
            del self._voices[voice.key]


class _Voice:
    """A stage at work, and its audience."""

    task: asyncio.Task[None]

    def __init__(self, key: tuple[str, str], stage: Stage, audience: Audience) -> None:
        self.key = key
        self.stage = stage
        self.audience = audience
        self._leaving: asyncio.TimerHandle | None = None

    def stay(self) -> None:
        """Somebody listens."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def leave_in(self, seconds: float, leave: Callable[[_Voice], None]) -> None:
        """Nobody listens: leave, unless somebody comes meanwhile."""
        self.stay()
        self._leaving = asyncio.get_running_loop().call_later(seconds, leave, self)


def _require_language(room: VoicedRoom, language: str) -> None:
    """A room that finds out what is spoken may come to have any language."""
    if room.settings.language != AUTO and language not in room.languages:
        there = ", ".join(room.languages) or "none"
        raise BadInput(f"The room has no captions in {language}. It has: {there}.")
