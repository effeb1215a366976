"""Speech said faster, at the pitch it had."""

from __future__ import annotations

import av
import numpy as np

from captioner.audio.pcm import SAMPLE_RATE, Samples, silence

SLOWEST = 0.5
FASTEST = 2.0

_TAIL = silence(4096)
"""The filter swallows what is shorter than its window, so more than one follows the end."""
_PIECE = 480
"""It gives nothing before it has as much to give as the piece it was fed."""


class Tempo:
    """Samples of one utterance at another speed; up to 70 ms are held back.

    `speed` may change between two calls: it holds for what is fed from then on. At 1.0 from the
    beginning on the samples pass as they are.
    """

    def __init__(self, speed: float = 1.0, rate: int = SAMPLE_RATE) -> None:
        """`speed`: from `SLOWEST` to `FASTEST`, 1.25 is a quarter faster. `rate`: in Hz."""
        self._rate = rate
        self._speed = _possible(speed)
        self._filter: _Atempo | None = None
        self._owed = 0.0
        self.taken = 0
        """Samples that were fed."""
        self.given = 0
        """Samples that came out: when flushed, each `taken` counted as 1 / its speed."""

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = _possible(speed)

    def feed(self, samples: Samples) -> Samples:
        self.taken += samples.size
        self._owed += samples.size / self._speed
        if self._filter is None and self._speed != 1.0:
            self._filter = _Atempo(self._rate)
        if self._filter is None:
            return self._give(samples)
        return self._give(self._filter.feed(samples, self._speed))

    def flush(self) -> Samples:
        """What was held back, to the sample. Nothing can be fed after it."""
        if self._filter is None:
            return silence(0)
        rest = np.concatenate([self._filter.feed(_TAIL, self._speed), self._filter.flush()])
        return self._give(np.pad(rest, (0, max(0, self._due - rest.size))))

    @property
    def _due(self) -> int:
        return max(0, round(self._owed) - self.given)

    def _give(self, samples: Samples) -> Samples:
        # The filter is a few samples early or late; it must not be more at the end than is due.
        samples = samples[: self._due]
        self.given += samples.size
        return samples


class _Atempo:
    """libav's filter, which overlaps and adds pieces of sound where they are most alike."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._graph = av.filter.Graph()
        self._source = self._graph.add_abuffer(format="s16", sample_rate=rate, layout="mono")
        self._atempo = self._graph.add("atempo", "1.0")
        sink = self._graph.add("abuffersink")
        self._source.link_to(self._atempo)
        self._atempo.link_to(sink)
        self._graph.configure()
        self._speed = 1.0
        self._position = 0

    def feed(self, samples: Samples, speed: float) -> Samples:
        if speed != self._speed:
            self._atempo.process_command("tempo", str(speed))
            self._speed = speed
        pieces = range(0, samples.size, _PIECE)
        return np.concatenate(
            [silence(0), *(self._feed(samples[at : at + _PIECE]) for at in pieces)]
        )

    def _feed(self, samples: Samples) -> Samples:
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._position
        self._position += samples.size
        self._graph.push(frame)
        return self._ready()

    def flush(self) -> Samples:
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> Samples:
        parts = [silence(0)]
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(parts)
            assert isinstance(frame, av.AudioFrame)
            parts.append(frame.to_ndarray()[0])


def _possible(speed: float) -> float:
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"a speed must be from {SLOWEST} to {FASTEST}")
    return speed
