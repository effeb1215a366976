"""The peer: faster-whisper's own offline `base`, and how fast this machine runs it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel

from tests.bench.delays import SpokenWord
from tests.bench.speech import RATE, Pcm

REFERENCE_ENCODE_MS = 65.0
"""CPU of `base` int8 over a 10 s context on the machine that the bars were set on."""


@dataclass(frozen=True, slots=True)
class Offline:
    """What the peer made of a recording, and the CPU seconds that it took."""

    text: str
    words: tuple[SpokenWord, ...]
    cpu_s: float
    wall_s: float


def peer(weights: Path) -> WhisperModel:
    """faster-whisper as its README uses it on a CPU."""
    return WhisperModel(str(weights), device="cpu", compute_type="int8", cpu_threads=2)


def transcribe(
    model: WhisperModel, samples: Pcm, *, language: str | None = None, words: bool = False
) -> Offline:
    """The whole recording at once, with its defaults (beam 5, windows of 30 s)."""
    cpu, wall = time.process_time(), time.monotonic()
    audio = samples.astype(np.float32) / 32768
    found, _ = model.transcribe(audio, beam_size=5, language=language, word_timestamps=words)
    segments = list(found)
    return Offline(
        text=" ".join(segment.text.strip() for segment in segments),
        words=tuple(_words(segments)) if words else (),
        cpu_s=time.process_time() - cpu,
        wall_s=time.monotonic() - wall,
    )


def _words(segments: Iterable[Any]) -> Iterable[SpokenWord]:
    for segment in segments:
        for word in segment.words or ():
            yield SpokenWord(word.word, word.end)


def machine_factor(weights: Path) -> float:
    """How many times the CPU of the bars' machine this one needs for the same encoder call."""
    model = WhisperModel(str(weights), device="cpu", compute_type="int8", cpu_threads=1)
    noise = np.random.default_rng(1).standard_normal(10 * RATE).astype(np.float32) / 50
    features = np.zeros((1, 80, 1000), np.float32)
    features[0] = model.feature_extractor(noise)[:, :1000]
    view = ctranslate2.StorageView.from_array(features)
    costs = []
    for _ in range(6):
        cpu = time.process_time()
        model.model.encode(view, to_cpu=True)
        costs.append(time.process_time() - cpu)
    return 1000 * min(costs) / REFERENCE_ENCODE_MS
