"""How a line's sound is changed on its way out: how fast it is, and how it stops."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Protocol


class Shape(Protocol):
    """Takes the samples of one line, s16le mono, in pieces of whole samples."""

    def feed(self, pcm: bytes) -> bytes:
        """What is ready with these samples; it may be nothing yet."""
        ...

    def flush(self) -> bytes:
        """The rest, at the end of the line."""
        ...


Shapes = Callable[[float], Shape]
"""Makes the shape of a line from its tempo: 1 is as it was spoken, 1.25 a quarter faster."""


class Plain:
    """Implements `Shape` without a tempo."""

    def __init__(self, tempo: float = 1.0) -> None:
        pass

    def feed(self, pcm: bytes) -> bytes:
        return pcm

    def flush(self) -> bytes:
        return b""


def fade_out(pcm: bytes) -> bytes:
    """The last samples of a line that stops within: evenly down to silence."""
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    size = len(samples)
    faded = array("h", (sample * (size - at) // size for at, sample in enumerate(samples)))
    if sys.byteorder == "big":
        faded.byteswap()
    return faded.tobytes()
