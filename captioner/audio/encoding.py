"""Speech as an endless stream that a browser plays: Ogg/Opus, MP3 or WAV.

One encoder serves everybody who listens, whenever they come: `header`, then everything that
`encode` returns from then on, is a stream of its own. Nothing in it leans on what came before.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol, cast

import av
import numpy as np

from captioner.audio.ogg import OPUS_RATE, OggOpus
from captioner.audio.pcm import SAMPLE_RATE, Samples, silence, to_bytes
from captioner.errors import BadInput

MEDIA_TYPES = {"ogg": "audio/ogg", "mp3": "audio/mpeg", "wav": "audio/wav"}
"""The formats, and what HTTP calls them."""

_BITS = 64_000
"""A second, for speech and silence alike. Chrome hands its player 32 KiB at a time: with fewer bits

the sound is later, and with fewer in silence a sentence stops in its middle until more is said.
"""
_PACKETS_A_PAGE = 5
"""Of 20 ms: a page weighs 28 bytes, and nobody hears a word before its page is full."""
_WAV_BLOCK = 2048
"""Samples; ffmpeg reads WAV in blocks that divide it, and calls less at the end damage."""


class StreamEncoder:
    """s16le mono at `SAMPLE_RATE` in, whole pages or frames out, of 100 ms at most."""

    def __init__(self, format: str) -> None:
        """`format`: one of `MEDIA_TYPES`; raises `BadInput` where it is none."""
        if format not in MEDIA_TYPES:
            raise BadInput(f"format must be one of {', '.join(MEDIA_TYPES)}")
        self._encoder = _ENCODERS[format]()
        self._rest = b""
        self.media_type = MEDIA_TYPES[format]
        self.header = self._encoder.header
        """What a listener gets first, at any moment."""

    def encode(self, pcm: bytes) -> bytes:
        """What the samples complete, for every listener. Any split of them gives the same bytes."""
        data = self._rest + pcm
        size = 2 * self._encoder.frame
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        frames = (_samples(data[at : at + size]) for at in range(0, whole, size))
        return b"".join(map(self._encoder.encode, frames))

    def flush(self) -> bytes:
        """The stream is over: what was held back of it."""
        return self._encoder.finish(_samples(self._rest))


class _Encoder(Protocol):
    header: bytes
    frame: int
    """Samples that `encode` takes at once."""

    def encode(self, samples: Samples) -> bytes: ...

    def finish(self, samples: Samples) -> bytes:
        """`samples`: the last ones, less than a frame."""
        ...


class _OggOpus:
    """Pages of 100 ms; the last says exactly where the sound ends (RFC 7845, 4.4)."""

    def __init__(self) -> None:
        options = {"application": "voip", "frame_duration": "20", "vbr": "off"}
        self._codec = _codec("libopus", "s16", options)
        opus_head = cast(bytes, self._codec.extradata)
        (self._skipped,) = struct.unpack_from("<H", opus_head, 10)
        self._ogg = OggOpus(opus_head, serial=1)
        self._packets: list[bytes] = []
        self._paged = 0
        self._taken = 0
        self.header = self._ogg.header
        self.frame = self._codec.frame_size

    def encode(self, samples: Samples) -> bytes:
        self._taken += samples.size
        self._packets += _encoded(self._codec, samples)
        return self._page() if len(self._packets) >= _PACKETS_A_PAGE else b""

    def finish(self, samples: Samples) -> bytes:
        self._taken += samples.size
        if samples.size:
            # A packet is 20 ms long; the position of the last page cuts the rest off again.
            self._packets += _encoded(self._codec, np.pad(samples, (0, self.frame - samples.size)))
        self._packets += _encoded(self._codec, None)
        return self._page(until=self._skipped + self._taken * OPUS_RATE // SAMPLE_RATE)

    def _page(self, until: int | None = None) -> bytes:
        packets, self._packets = self._packets, []
        self._paged += len(packets) * self.frame * OPUS_RATE // SAMPLE_RATE
        if until is None:
            return self._ogg.page(packets, self._paged)
        return self._ogg.page(packets, min(until, self._paged), last=True)


class _Mp3:
    """Frames of 24 ms, each complete in itself: none borrows bits from the one before it."""

    header = b""

    def __init__(self) -> None:
        self._codec = _codec("libmp3lame", "s16p", {"reservoir": "0"})
        self.frame = self._codec.frame_size

    def encode(self, samples: Samples) -> bytes:
        return b"".join(_encoded(self._codec, samples))

    def finish(self, samples: Samples) -> bytes:
        last = self.encode(np.pad(samples, (0, self.frame - samples.size))) if samples.size else b""
        return last + b"".join(_encoded(self._codec, None))


class _Wav:
    """Blocks of 85 ms behind a header that claims a day of sound: a size of 0 or of all ones,

    which others use for an unknown one, some players take for none or for damage.
    """

    frame = _WAV_BLOCK
    _LARGEST = 0xFFFFFFFE
    _EXTENSIBLE = 0xFFFE
    _FRONT_CENTER = 4
    _PCM = bytes.fromhex("0100000000001000800000aa00389b71")

    def __init__(self) -> None:
        # The plain form does not say which loudspeaker one channel is for, and ffmpeg says so.
        format = struct.pack("<HHIIHH", self._EXTENSIBLE, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
        format += struct.pack("<HHI", 22, 16, self._FRONT_CENTER) + self._PCM
        body = b"WAVE" + b"fmt " + struct.pack("<I", len(format)) + format + b"data"
        size = self._LARGEST - len(body) - 4
        size -= size % 2
        self.header = b"RIFF" + struct.pack("<I", self._LARGEST) + body + struct.pack("<I", size)

    def encode(self, samples: Samples) -> bytes:
        return to_bytes(samples)

    def finish(self, samples: Samples) -> bytes:
        return to_bytes(np.pad(samples, (0, -samples.size % self.frame)))


_ENCODERS: dict[str, Callable[[], _Encoder]] = {"ogg": _OggOpus, "mp3": _Mp3, "wav": _Wav}


def _codec(name: str, format: str, options: dict[str, str]) -> av.AudioCodecContext:
    """An open encoder of mono at `SAMPLE_RATE`."""
    codec = cast(av.AudioCodecContext, av.AudioCodecContext.create(name, "w"))
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "mono", format
    codec.bit_rate, codec.options = _BITS, options
    codec.open()
    return codec


def _encoded(codec: av.AudioCodecContext, samples: Samples | None) -> list[bytes]:
    """The packets that are ready; None: all that are left."""
    frame = None
    if samples is not None:
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
    return [bytes(packet) for packet in codec.encode(frame)]


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.int16, copy=False) if pcm else silence(0)
