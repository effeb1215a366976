"""A synthesizer whose lines have known lengths, and formats that can be read back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from captioner.captions.model import Status
from captioner.errors import TranslationUnavailable
from captioner.rooms.room import RoomSettings
from captioner.speech.encoder import Format
from captioner.speech.shape import Plain
from captioner.speech.sound import FRAME_BYTES, FRAME_S, SILENCE
from captioner.speech.studio import Studio
from captioner.speech.synthesizer import Line

PER_LETTER_S = 0.1


def samples(text: str) -> bytes:
    """The sound of a text: as long as it has letters, and no other sounds alike."""
    frames = round(PER_LETTER_S * len(text) / FRAME_S)
    return loudness(text).to_bytes(2, "little") * (frames * FRAME_BYTES // 2)


def loudness(text: str) -> int:
    """Of every sample of a text's sound."""
    return 1_000 + sum(text.encode()) % 20_000


@dataclass
class Tongue:
    """Implements `Synthesizer`. `delay_s`: before the first piece and between two of them.

    `failures`: how many times a text cannot be spoken. `after`: bytes that come before that.
    """

    delay_s: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    after: int = 0
    asked: list[tuple[float, Line]] = field(default_factory=list)
    name: str = "tongue"

    async def voices(self, language: str) -> tuple[str, ...]:
        return ("alba", "bruno") if language == "es" else ()

    async def speak(self, line: Line) -> AsyncIterator[bytes]:
        self.asked.append((asyncio.get_running_loop().time(), line))
        sound = samples(line.text)
        fails = self.failures[line.text] > 0
        self.failures[line.text] -= 1
        if fails:
            sound = sound[: self.after]
        for begin in range(0, len(sound), 4801):  # Samples come in two pieces.
            await asyncio.sleep(self.delay_s)
            yield sound[begin : begin + 4801]
        if fails:
            raise TranslationUnavailable("the tongue is tied")

    @property
    def texts(self) -> list[str]:
        return [line.text for _, line in self.asked]


class Faster(Plain):
    """A tempo that leaves samples out."""

    def __init__(self, tempo: float = 1.0) -> None:
        self._tempo = tempo

    def feed(self, pcm: bytes) -> bytes:
        return pcm[: round(len(pcm) / self._tempo / 2) * 2]


class Written:
    """Implements `Encoder`: a header, samples as they are, and an end."""

    def __init__(self, format: Format) -> None:
        self.header = f"<{format}>".encode()
        self.calls = 0

    def encode(self, pcm: bytes) -> bytes:
        self.calls += 1
        return pcm

    def flush(self) -> bytes:
        return b"<end>"


@dataclass
class Press:
    """Makes the encoders, and remembers them."""

    made: list[Written] = field(default_factory=list)

    def __call__(self, format: Format) -> Written:
        self.made.append(Written(format))
        return self.made[-1]


def studio(tongue: Tongue | None = None, press: Press | None = None) -> Studio:
    return Studio(tongue or Tongue(), press or Press(), Faster)


class StillRoom:
    """A room as far as a voice needs it; its clock is the loop's."""

    def __init__(self, language: str = "en", *, clock_runs: bool = True) -> None:
        self.settings = RoomSettings("demo", language=language, translations=("es",))
        self.status: Status = "live"
        self.languages: tuple[str, ...] = (language, "es")
        self._clock_runs = clock_runs

    def now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock_runs else 0.0


def is_silent(frame: bytes) -> bool:
    return frame == SILENCE
