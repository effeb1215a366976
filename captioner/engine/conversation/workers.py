"""Translating and speaking on threads: so many at once, in turn, and none on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.engine.conversation.abilities import Abilities, Speaks
from captioner.engine.conversation.tasks import Translation
from captioner.engine.protocol_error import ProtocolError
from captioner.errors import NoSuchPair, TranslationUnavailable

FRAME = SAMPLE_RATE // 5
"""Samples that are told at once: 200 ms."""

Result = TypeVar("Result")


class Workers:
    """Translations, which are short, never wait behind speech: each have threads of their own.

    Speech takes a turn for each of its pieces: of several, all begin soon, and one whose listener
    is slow holds nobody up. What is cancelled before its turn is never done.
    """

    def __init__(self, abilities: Abilities, threads: int) -> None:
        """`threads`: how many translate, and how many speak, at once."""
        self.abilities = abilities
        self._translating = ThreadPoolExecutor(threads, thread_name_prefix="translate")
        self._speaking = ThreadPoolExecutor(threads, thread_name_prefix="speak")

    async def close(self) -> None:
        """Wait for what the threads have begun; the rest is never done."""
        for pool in (self._translating, self._speaking):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def translate(self, text: str, task: Translation) -> str:
        """Raises what the translator raises."""
        translator = self.abilities.translator()

        def translate() -> str:
            return translator.translate(text, task.source, task.target, task.terms)

        return await self._on(self._translating, translate)

    async def voices(self, language: str) -> tuple[str, ...]:
        """Those for a language, the usual one first, which begins to load: it is wanted soon."""
        speaker = self.abilities.speaks
        return () if speaker is None else await asyncio.to_thread(_prepared, speaker, language)

    async def speak(
        self, text: str, language: str, voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[Samples, None]:
        """Its sound by frames, the last perhaps shorter. Raises what the speaker raises, and

        ProtocolError where there is no such voice.
        """
        speaker = self.abilities.speaker()

        def begin() -> Iterator[Samples]:
            _check_voice(voice, language, speaker.names(language))
            return iter(speaker.speak(text, language, voice, speed))

        pieces = await self._on(self._speaking, begin)
        rest = silence(0)
        while (piece := await self._on(self._speaking, lambda: next(pieces, None))) is not None:
            rest = np.concatenate([rest, piece])
            while rest.size >= FRAME:
                yield rest[:FRAME]
                rest = rest[FRAME:]
        if rest.size:
            yield rest

    async def _on(self, pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _prepared(speaker: Speaks, language: str) -> tuple[str, ...]:
    names = speaker.names(language)
    # What is wrong with a voice is told to whoever has it speak.
    with suppress(NoSuchPair, TranslationUnavailable):
        speaker.prepare(language)
    return names


def _check_voice(voice: str, language: str, names: tuple[str, ...]) -> None:
    if not names:
        raise NoSuchPair(f"Nobody here speaks '{language}'.")
    if voice and voice not in names:
        raise ProtocolError(
            "invalid_value", f"'{language}' has no voice '{voice}', but {', '.join(names)}."
        )
