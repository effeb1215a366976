"""A voice, and what can speak with it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from captioner.audio.pcm import Samples

Sound = Generator[Samples, None, None]
"""Mono at `captioner.audio.pcm.SAMPLE_RATE`, in pieces, the first as soon as it is there. Closing

it before its end stops whoever makes it.
"""


@dataclass(frozen=True, slots=True)
class Voice:
    """One that can be asked for.

    `name`: unique on this machine. `language`: a BCP 47 tag. `kind`: the program that speaks.
    `quality`: the higher the better it sounds; 0 is a robot's.
    """

    name: str
    language: str
    kind: str
    quality: int


class VoiceEngine(Protocol):
    """A program on this machine that speaks. Safe to call from several threads; calls block."""

    @property
    def summary(self) -> str:
        """What it has, for people."""
        ...

    def voices(self, language: str) -> tuple[Voice, ...]:
        """Those for a BCP 47 tag, the best first."""
        ...

    def prepare(self, voice: Voice) -> None:
        """Begin to load one that will be wanted; returns at once."""
        ...

    def speak(self, text: str, voice: Voice, speed: float = 1.0) -> Sound:
        """`voice`: one of its own. `speed`: 1.25 is a quarter faster, at the same pitch.

        Iterating raises `TranslationUnavailable` where it fails.
        """
        ...

    def close(self) -> None:
        """End what it started. Nobody speaks with it after that."""
        ...
