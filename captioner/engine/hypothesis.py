"""What one decode of some audio says, as every part of the engine passes it on.

Times are seconds from the first sample of the audio that was decoded (16 kHz mono float32).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from captioner.audio.pcm import SPEECH_RATE

Samples = npt.NDArray[np.float32]
"""16 kHz mono, shape (n,), in [-1, 1]."""

SAMPLE_RATE = SPEECH_RATE


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the space before it, as decoded."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class TimedText:
    """A phrase between two of Whisper's timestamp tokens."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decode. `words` may be empty where only the text was asked for."""

    text: str
    segments: tuple[TimedText, ...]
    words: tuple[Word, ...]
    language: str
    no_speech: float
    avg_logprob: float


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Something to decode.

    `partial`: fast, with the small model where the language allows it. `final`: the better model.
    `accurate`: the better model with its full context and a beam, for batch work.
    `prompt`: text before it, or a hint; `keywords`: words likely to be said. `late`: it has waited
    so long that a fast search is better than a good one.
    """

    kind: Literal["partial", "final", "accurate"]
    audio: Samples
    language: str | None
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """How many jobs one call may have: more in all a second, but each waits for the others."""

    partials: int = 1
    finals: int = 1
