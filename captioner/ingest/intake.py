"""A publisher's bytes on their way into its stage, over one connection after another."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from captioner.audio.codecs import StreamDecoder
from captioner.audio.pcm import Samples

PIECE_S = 1.0
"""Of audio that is passed on in one go: a message may hold more than there is room for."""


class Sink(Protocol):
    """A stage, as far as audio goes into it."""

    @property
    def sample_rate(self) -> int:
        """Of what is fed, in Hz."""

    @property
    def received(self) -> float:
        """Stream seconds that were fed."""

    async def feed(self, samples: Samples) -> None:
        """Add audio, all or (cancelled) none; may wait."""


class Intake:
    """One stream's. Where a format allows it, a connection goes on with the decoder of the last:

    what is recognised is then the same, to the sample, as if no connection had been lost.
    """

    def __init__(self, stage: Sink) -> None:
        self._stage = stage
        self._decoder: StreamDecoder | None = None
        self._began = 0.0
        """Stream seconds before the decoder's first sample."""
        self._waiting: deque[Samples] = deque()
        """What was decoded and is not passed on."""
        self._complete = False
        """Whether the decoder holds nothing back any more."""

    @property
    def resume_from(self) -> float:
        """The stream second from which a publisher that just connected has to send."""
        taken = None if self._decoder is None else self._decoder.taken
        return self._stage.received if taken is None else self._began + taken

    def connect(self, decoder: StreamDecoder) -> None:
        """Bytes that `decoder` understands are to come, from `resume_from` on."""
        last = self._decoder
        if last is not None and last.taken is not None and last.kind == decoder.kind:
            # Closed with its connection, which means nothing to a decoder that has no codec.
            last.go_on()
            return
        # What the last decoder holds, and what it made and nobody took, is sent again.
        self._decoder, self._began = decoder, self._stage.received
        self._waiting.clear()

    async def decode(self, data: bytes) -> Samples:
        """Take bytes; return what they add. Raises `BadFormat`, `TooLarge`."""
        assert self._decoder is not None, "nobody is connected"
        if self._decoder.raw:
            return self._keep(self._decoder.feed(data))
        return self._keep(await asyncio.to_thread(self._decoder.feed, data))

    async def pass_on(self) -> None:
        """Feed the stage with what was decoded; waits while the recogniser is far behind.

        What a cancelled call leaves is passed on by the next.
        """
        while self._waiting:
            await self._stage.feed(self._waiting[0])
            self._waiting.popleft()

    async def flush(self) -> None:
        """The stream is complete: pass on what was held back of it. Raises `BadFormat`."""
        assert self._decoder is not None, "nobody is connected"
        self._keep(await asyncio.to_thread(self._decoder.flush))
        self._complete = True
        await self.pass_on()

    async def finish(self) -> None:
        """The publisher left and does not come back: pass on all that it sent."""
        if self._decoder is not None and self._decoder.taken is not None and not self._complete:
            self._decoder.go_on()
            await self.flush()
        await self.pass_on()

    def _keep(self, samples: Samples) -> Samples:
        size = round(PIECE_S * self._stage.sample_rate)
        for first in range(0, samples.size, size):
            self._waiting.append(samples[first : first + size])
        return samples
