"""Whoever translates and speaks for tests: a dictionary, and a real voice."""

from __future__ import annotations

import io
import re
import subprocess
import wave
from collections.abc import Iterator, Sequence

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples
from captioner.errors import NoSuchPair

_SPANISH = {
    "hello": "hola",
    "thank": "gracias",
    "good": "buenos",
    "morning": "días",
    "the": "el",
    "in": "en",
    "of": "de",
    "and": "y",
    "printing": "imprenta",
}


class Dictionary:
    """English into Spanish, word for word; what it does not know stays."""

    def translate(
        self, text: str, source: str, target: str, terms: Sequence[tuple[str, str]] = ()
    ) -> str:
        if (source, target) != ("en", "es"):
            raise NoSuchPair(f"Nobody here translates from '{source}' to '{target}'.")
        known = _SPANISH | {term.lower(): called for term, called in terms}
        return re.sub(r"\w+", lambda word: known.get(word[0].lower(), word[0]), text)


class Espeak:
    """A voice for each of a few languages."""

    def names(self, language: str) -> tuple[str, ...]:
        return ("espeak", "whisper") if language in ("en", "es", "de") else ()

    def prepare(self, language: str, voice: str = "") -> None:
        """It is ready at once."""

    def speak(
        self, text: str, language: str, voice: str = "", speed: float = 1.0
    ) -> Iterator[Samples]:
        variant = "+whisper" if voice == "whisper" else ""
        command = ["espeak-ng", "--stdout", "-v", language + variant, "-s", str(round(175 * speed))]
        done = subprocess.run([*command, "--", text], capture_output=True, check=True)
        with wave.open(io.BytesIO(done.stdout)) as sound:
            heard = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
            length = heard.size * SAMPLE_RATE // sound.getframerate()
        spoken = np.interp(np.linspace(0, heard.size, length), np.arange(heard.size), heard)
        for start in range(0, length, SAMPLE_RATE):
            yield spoken[start : start + SAMPLE_RATE].astype(np.int16)
