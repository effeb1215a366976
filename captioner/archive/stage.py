"""The transcript files of the rooms, kept in step with their journals."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from captioner.archive import webvtt
from captioner.archive.files import replace_file
from captioner.archive.transcript import Transcript
from captioner.errors import StorageFailed
from captioner.rooms.uninterrupted import uninterrupted

logger = logging.getLogger(__name__)

_SHARE = 20
"""One second of writing is followed by so many of rest: long transcripts are written less often,
and all of them together cost at most a twentieth of a core."""


class TranscriptFiles:
    """Writes `<language>.vtt` soon after a caption of that language was kept.

    `transcript` finds a room's, `path` the file of a room and language; `pause`: seconds between
    two rounds. A file that cannot be written is tried again in the next round.
    """

    def __init__(
        self,
        transcript: Callable[[str], Awaitable[Transcript]],
        path: Callable[[str, str], Path],
        *,
        pause: float = 1.0,
    ) -> None:
        self._transcript = transcript
        self._path = path
        self._pause = pause
        self._behind: dict[str, set[str]] = {}
        """By room, the languages whose file is not what the journal says."""
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()

    def mark(self, room: str, language: str) -> None:
        """The journal has news for this file."""
        self._behind.setdefault(room, set()).add(language)
        self._news.set()

    async def run(self) -> None:
        """Write what is marked, round after round, until cancelled; then once more."""
        try:
            while True:
                await self._news.wait()
                await asyncio.sleep(self._pause)
                self._news.clear()
                started = time.monotonic()
                await self._write_all()
                await asyncio.sleep(_SHARE * (time.monotonic() - started))
        finally:
            await self._write_all()

    async def write(self, room: str) -> None:
        """Write what is marked of the room now."""
        async with self._writing:
            languages = self._behind.get(room, set())
            for language in sorted(languages):
                languages.discard(language)
                await uninterrupted(self._try(room, language))
            if not languages:
                self._behind.pop(room, None)

    async def forget(self, room: str) -> None:
        """The room was erased: write no more of it."""
        async with self._writing:
            self._behind.pop(room, None)

    async def _write_all(self) -> None:
        for room in tuple(self._behind):
            await self.write(room)

    async def _try(self, room: str, language: str) -> None:
        try:
            await self._write(room, language)
        except (OSError, StorageFailed) as error:
            logger.warning("%s.vtt of room %s: %s", language, room, error)
            self.mark(room, language)
        except Exception as error:
            # A transcript that cannot be rendered must not stop a meeting. The message may quote
            # the captions, so only its kind is logged.
            logger.error("%s.vtt of room %s: %s", language, room, type(error).__name__)

    async def _write(self, room: str, language: str) -> None:
        transcript = await self._transcript(room)
        captions, gaps = transcript.captions(language), transcript.gaps(language)
        path = self._path(room, language)

        def render() -> None:
            replace_file(path, webvtt.render(captions, gaps, language).encode())

        await asyncio.to_thread(render)
