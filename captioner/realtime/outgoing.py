"""A session's audio on its way out: at the server's rate, in its words, and counted."""

from __future__ import annotations

import base64

from captioner.audio.pcm import Samples, from_floats, silence, to_bytes, to_floats
from captioner.audio.resample import Resampler
from captioner.realtime.dialects import Dialect
from captioner.realtime.sample_clock import SampleClock


class Outgoing:
    """`clock` says where on the caller's clock the samples lie that were sent."""

    def __init__(self, dialect: Dialect, rate: int, to: int) -> None:
        """`rate`: of the samples that are given, `to`: of what the server takes, in Hz."""
        self.clock = SampleClock(0.0, rate)
        self.uncommitted_s = 0.0
        """Seconds that were sent since `end`."""
        self._dialect = dialect
        self._rate = rate
        self._to = to
        self._resampler = Resampler(rate, to)

    def start(self, base: float) -> None:
        """The first sample lies at `base` (seconds on the caller's clock)."""
        self.clock = SampleClock(base, self._rate)

    def append(self, samples: Samples) -> list[str]:
        """The next samples, as the messages that append them."""
        self.clock.advance(samples.size)
        self.uncommitted_s += samples.size / self._rate
        if self._resampler.changes:
            samples = from_floats(self._resampler.feed(to_floats(samples)))
        return self._messages(samples)

    def silence(self, seconds: float) -> list[str]:
        """Silence that is not in the caller's audio."""
        time = self.clock.now
        self.clock.advance(round(seconds * self._rate))
        self.clock.jump(time)
        return self._messages(silence(round(seconds * self._to)))

    def end(self) -> list[str]:
        """An utterance ends here: what was held back of it."""
        messages = self._messages(from_floats(self._resampler.flush()))
        self._resampler = Resampler(self._rate, self._to)
        self.uncommitted_s = 0.0
        return messages

    def _messages(self, samples: Samples) -> list[str]:
        if not samples.size:
            return []
        return self._dialect.append(base64.b64encode(to_bytes(samples)).decode("ascii"))
