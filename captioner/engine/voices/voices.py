"""All voices of this machine, whichever program they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from captioner.engine.voices import espeak, kokoro, piper
from captioner.engine.voices.espeak import Espeak
from captioner.engine.voices.kokoro import Kokoro
from captioner.engine.voices.piper import Piper
from captioner.engine.voices.voice import Sound, Voice, VoiceEngine
from captioner.errors import NoSuchPair


class Voices:
    """Safe to use from several threads; calls block."""

    def __init__(self, engines: Sequence[VoiceEngine], missing: Sequence[str] = ()) -> None:
        """`engines`: the better ones first. `missing`: what would bring more voices, for people."""
        self._engines = engines
        self.missing = missing

    @classmethod
    def find(cls, folder: Path | None = None) -> Voices:
        """Those of the programs that are installed. `folder`: with voices for Piper."""
        found = (Piper.find(folder), Kokoro.find(), Espeak.find())
        remedies = (piper.REMEDY, kokoro.REMEDY, espeak.REMEDY)
        return cls(
            [engine for engine in found if engine is not None],
            [remedy for remedy, engine in zip(remedies, found, strict=True) if engine is None],
        )

    @property
    def summary(self) -> str:
        """What is here, for people; empty where there is nothing."""
        return ", ".join(engine.summary for engine in self._engines)

    def names(self, language: str) -> tuple[str, ...]:
        """The voices for a BCP 47 tag, the best first; none: nobody speaks it."""
        return tuple(voice.name for _, voice in self._fitting(language))

    def prepare(self, language: str, voice: str = "") -> None:
        """Begin to load what will speak; returns at once. Raises `NoSuchPair`."""
        engine, chosen = self._chosen(language, voice)
        engine.prepare(chosen)

    def speak(self, text: str, language: str, voice: str = "", speed: float = 1.0) -> Sound:
        """`voice`: one of `names`, else the best speaks. `speed`: 1.25 is a quarter faster.

        Iterating raises `NoSuchPair` where nobody speaks the language, and
        `TranslationUnavailable` where the one who does fails.
        """
        engine, chosen = self._chosen(language, voice)
        yield from engine.speak(text, chosen, speed)

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    def _chosen(self, language: str, name: str) -> tuple[VoiceEngine, Voice]:
        fitting = self._fitting(language)
        if not fitting:
            raise NoSuchPair(f"no voice on this machine speaks {language}")
        return next((pair for pair in fitting if pair[1].name == name), fitting[0])

    def _fitting(self, language: str) -> list[tuple[VoiceEngine, Voice]]:
        return [(engine, voice) for engine in self._engines for voice in engine.voices(language)]
