"""Recordings as samples, and texts compared word by word."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Samples a second of everything that the tests publish."""

Pcm = npt.NDArray[np.int16]


def load(path: Path) -> Pcm:
    """The recording, mono."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE)]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int16)


def first_half(recording: Path, text: str) -> tuple[Pcm, str]:
    """The demo recording up to a pause near its middle, and what is said up to there."""
    last = "true printed book"
    return load(recording)[: round(28.8 * RATE)], text[: text.index(last) + len(last)]


def words(text: str) -> list[str]:
    """Words as they are compared: without case and punctuation."""
    return re.findall(r"[\w']+", text.lower())


def lost_or_doubled(spoken: str, captioned: str) -> Iterator[str]:
    """Runs of three words and more that only one of the texts has.

    A recogniser mishears a word here and there; a broken recovery loses or repeats a run of them.
    """
    reference, heard = words(spoken), words(captioned)
    for tag, a, b, c, d in SequenceMatcher(None, reference, heard, autojunk=False).get_opcodes():
        if tag != "equal" and abs((b - a) - (d - c)) >= 3:
            yield f"{tag}: {' '.join(reference[a:b])!r} became {' '.join(heard[c:d])!r}"
