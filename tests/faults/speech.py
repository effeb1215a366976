"""Speech that is known to the letter: a level is a word, whatever its length should be is known.

Every run of samples of one value other than 0 is the word `w<value>`; it lasts 0.2 s. So a word
that was cut, or heard with audio missing or doubled in it, does not come out as itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence

WORD_S = 0.2
WHOLE_S = 0.18
"""A word that is shorter was cut: `w7~`."""
LONG_S = 0.22
"""A word that is longer was heard twice in part: `w7+`."""
END_OF_SPEECH_S = 0.3
"""Of silence, ends an utterance."""


def spoken(*utterances: str, pause_s: float = 0.5, rate: int = SAMPLE_RATE) -> Samples:
    """Utterances of words such as `w7`, with pauses around them."""
    pause, word_size = silence(round(pause_s * rate)), round(WORD_S * rate)
    parts = [pause]
    for utterance in utterances:
        parts += [np.full(word_size, int(word[1:]), np.int16) for word in utterance.split()]
        parts.append(pause)
    return np.concatenate(parts)


def runs(audio: bytes) -> Iterator[tuple[int, int]]:
    """Level and length, in samples, of each stretch of 16-bit audio at one level."""
    if audio[2:] == audio[:-2]:
        if audio:
            yield int.from_bytes(audio[:2], "little", signed=True), len(audio) // 2
        return
    samples = np.frombuffer(audio, "<i2")
    first = 0
    for end in [*(np.flatnonzero(samples[1:] != samples[:-1]) + 1).tolist(), samples.size]:
        yield int(samples[first]), end - first
        first = end
