"""Sounds that are not speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.e2e.speech import RATE, Pcm

Signal = npt.NDArray[np.float64]


def silence(seconds: float) -> Pcm:
    """Nothing at all."""
    return np.zeros(int(seconds * RATE), np.int16)


def noise(seconds: float) -> Pcm:
    """A fan: steady hiss at -32 dBFS."""
    return _pcm(0.025 * np.random.default_rng(1).standard_normal(int(seconds * RATE)))


def music(seconds: float) -> Pcm:
    """Four plucked chords of three notes with overtones, over and over, -20 dBFS."""
    chords = [(261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196, 247, 294)]
    time = np.arange(int(0.6 * RATE)) / RATE
    bars = [sum((_pluck(note, time) for note in chord), np.zeros(time.size)) for chord in chords]
    song = np.concatenate(bars)
    repeats = int(seconds * RATE) // song.size + 1
    return _pcm(0.1 * np.tile(song, repeats)[: int(seconds * RATE)])


def _pluck(frequency: float, time: Signal) -> Signal:
    overtones = sum(
        (np.sin(2 * np.pi * n * frequency * time) / n**2 for n in range(1, 6)), np.zeros(time.size)
    )
    return np.asarray(overtones * np.exp(-4 * time))


def _pcm(signal: Signal) -> Pcm:
    return (np.clip(signal, -1, 1) * 32767).astype(np.int16)


SOUNDS: dict[str, Callable[[float], Pcm]] = {"silence": silence, "noise": noise, "music": music}
