"""A publisher's audio, in the contract's formats, as samples while it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import av
import numpy as np

from captioner.audio.container import CONTAINERS, ContainerDecoder
from captioner.audio.frames import Mixdown
from captioner.audio.g711 import A_LAW, MU_LAW
from captioner.audio.pcm import Floats, Samples, from_floats, silence, to_floats
from captioner.audio.resample import Resampler
from captioner.errors import BadFormat

LOWEST_RATE = 8_000
HIGHEST_RATE = 192_000
MOST_CHANNELS = 2

_OPUS_RATE = 48_000


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Samples: ...

    def flush(self) -> Samples: ...

    def close(self) -> None: ...


class StreamDecoder:
    """Bytes of one stream in, samples out; close it when the stream is over, however it ends.

    `pcm_s16le`, `pcm_f32le`, `pcmu` and `pcma`: interleaved samples; any split of the bytes gives
    the same result. `webm`, `ogg`: the bytes of one file, split anywhere; it says itself what its
    rate and channels are. `opus`: exactly one packet a call.

    The constructor, `feed` and `flush` raise `BadFormat`; after that the decoder is of no use.
    """

    def __init__(self, format: str, sample_rate: int, channels: int, *, to: int) -> None:
        """`to`: the rate of the samples that come out, in Hz."""
        if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
            raise BadFormat(f"sample_rate must be from {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        if not 1 <= channels <= MOST_CHANNELS:
            raise BadFormat("channels must be 1 or 2; mix more down before sending")
        self.kind = (format, sample_rate, channels)
        """Decoders of one kind understand the same bytes."""
        self._decoder = _decoder(format, sample_rate, channels, to)

    @property
    def raw(self) -> bool:
        """Whether it needs no codec, and so microseconds only."""
        return isinstance(self._decoder, _Raw)

    @property
    def taken(self) -> float | None:
        """Seconds of audio that were fed, where the format can be gone on with in its middle."""
        if isinstance(self._decoder, _Raw):
            return self._decoder.taken / self.kind[1]
        return None

    def go_on(self) -> None:
        """What is fed next follows what was `taken`: half a sample behind that comes again."""
        if isinstance(self._decoder, _Raw):
            self._decoder.go_on()

    def feed(self, data: bytes) -> Samples:
        return self._decoder.feed(data)

    def flush(self) -> Samples:
        """The stream is complete: what was held back of it."""
        return self._decoder.flush()

    def close(self) -> None:
        self._decoder.close()


def _decoder(format: str, sample_rate: int, channels: int, to: int) -> _Decoder:
    if raw := _RAW.get(format):
        size, floats = raw
        return _Raw(size, floats, Resampler(sample_rate, to), channels)
    if format == "opus":
        return _Opus(channels, to)
    if format in CONTAINERS:
        return ContainerDecoder(format, to)
    raise BadFormat(f"format must be one of {', '.join(FORMATS)}")


def _samples(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.int16, copy=False)


def _s16(data: bytes) -> Floats:
    return to_floats(_samples(data))


def _f32(data: bytes) -> Floats:
    # One sample that is no number would silence the resampler for good.
    samples: Floats = np.nan_to_num(np.frombuffer(data, "<f4"), posinf=1.0, neginf=-1.0)
    return samples.clip(-1, 1).astype(np.float32, copy=False)


_RAW: dict[str, tuple[int, Callable[[bytes], Floats]]] = {
    "pcm_s16le": (2, _s16),
    "pcm_f32le": (4, _f32),
    "pcmu": (1, lambda data: MU_LAW[np.frombuffer(data, np.uint8)]),
    "pcma": (1, lambda data: A_LAW[np.frombuffer(data, np.uint8)]),
}
"""Bytes a sample, and how they become floats."""

FORMATS = (*_RAW, "opus", *CONTAINERS)


class _Raw:
    """Interleaved samples of a fixed size. A sample may begin in one call and end in another."""

    def __init__(
        self, size: int, floats: Callable[[bytes], Floats], resampler: Resampler, channels: int
    ) -> None:
        self._frame = size * channels
        self._as_it_is = floats is _s16 and channels == 1 and not resampler.changes
        """Whether the samples come as they are wanted: most of a server's audio does."""
        self._floats = floats
        self._resampler = resampler
        self._channels = channels
        self._rest = b""
        self.taken = 0
        """Samples that were fed; those of all channels at once are one."""

    def go_on(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Samples:
        data = self._rest + data
        whole = len(data) - len(data) % self._frame
        self._rest = data[whole:]
        self.taken += whole // self._frame
        if self._as_it_is:
            return _samples(data[:whole])
        samples = self._floats(data[:whole])
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1)
        return from_floats(self._resampler.feed(samples))

    def flush(self) -> Samples:
        if self._rest:
            raise BadFormat("the audio ends in the middle of a sample")
        return from_floats(self._resampler.flush())

    def close(self) -> None:
        pass


class _Opus:
    """Raw Opus packets, as RTP or WebCodecs have them."""

    def __init__(self, channels: int, to: int) -> None:
        self._codec = av.AudioCodecContext.create("opus", "r")
        self._codec.sample_rate = _OPUS_RATE
        self._codec.layout = "stereo" if channels == 2 else "mono"
        self._mixdown = Mixdown(to)

    def feed(self, data: bytes) -> Samples:
        if not data:
            return silence(0)
        return self._decode(cast("av.Packet[av.AudioStream]", av.Packet(data)))

    def flush(self) -> Samples:
        return np.concatenate([self._decode(None), self._mixdown.flush()])

    def close(self) -> None:
        pass

    def _decode(self, packet: av.Packet[av.AudioStream] | None) -> Samples:
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError as error:
            raise BadFormat("a message is not one Opus packet") from error
        return self._mixdown.feed(frames)
