"""Frames as libav decodes them, of any rate and layout, as samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np

from captioner.audio.pcm import Samples, from_floats, silence, to_floats
from captioner.audio.resample import Resampler
from captioner.errors import BadFormat


class Mixdown:
    """The frames of one stream to mono at a rate, in Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._mono: av.AudioResampler | None = None
        self._resampler = Resampler(rate, rate)

    def feed(self, frames: Iterable[av.AudioFrame]) -> Samples:
        """Raises `BadFormat` where the stream changes its rate or layout."""
        return np.concatenate([silence(0), *map(self._feed, frames)])

    def flush(self) -> Samples:
        return from_floats(self._resampler.flush())

    def _feed(self, frame: av.AudioFrame) -> Samples:
        if self._mono is None:
            self._mono = av.AudioResampler(format="s16", layout="mono", rate=frame.sample_rate)
            self._resampler = Resampler(frame.sample_rate, self._rate)
        frame.pts = None  # the samples count, not what the container says of their times
        try:
            mono = self._mono.resample(frame)
        except ValueError as error:
            raise BadFormat("the audio changes its sample rate or channels on the way") from error
        parts = [self._resampler.feed(to_floats(part.to_ndarray()[0])) for part in mono]
        return np.concatenate([silence(0), *map(from_floats, parts)])


def decoded(container: av.container.InputContainer, rate: int) -> Iterator[Samples]:
    """The first audio stream of a file at a rate (Hz), a packet at a time.

    Raises `BadFormat` where there is none, and whatever libav raises.
    """
    if not container.streams.audio:
        raise BadFormat("there is no audio in it")
    mixdown = Mixdown(rate)
    for packet in container.demux(container.streams.audio[0]):
        yield mixdown.feed(packet.decode())
    yield mixdown.flush()
