"""Sounds in every format, made here: no file is read."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np

from captioner.audio.codecs import StreamDecoder
from captioner.audio.g711 import A_LAW, MU_LAW
from captioner.audio.pcm import SAMPLE_RATE, Floats, Samples, dbfs


def tone(seconds: float, rate: int = SAMPLE_RATE, hertz: float = 440.0) -> Floats:
    """A sine at half of full scale: -9 dBFS."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def raw(format: str, samples: Floats, channels: int = 1) -> bytes:
    """The samples, on every channel, in one of the formats without a container."""
    interleaved = np.repeat(samples, channels)
    match format:
        case "pcm_s16le":
            return (interleaved * 32767).astype("<i2").tobytes()
        case "pcm_f32le":
            return interleaved.astype("<f4").tobytes()
        case "pcmu" | "pcma":
            table = MU_LAW if format == "pcmu" else A_LAW
            codes = np.abs(table[:, None] - interleaved[None, :]).argmin(0)
            return bytes(codes.astype(np.uint8))
    raise ValueError(format)


def container(
    format: str, samples: Floats, codec: str = "libopus", rate: int = 48_000, layout: str = "mono"
) -> bytes:
    """The samples as a file of that format."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        assert isinstance(stream, av.AudioStream)
        for packet in _encoded(stream.codec_context, samples, rate, layout):
            packet.stream = stream
            output.mux(packet)
    return file.getvalue()


def opus_packets(samples: Floats) -> list[bytes]:
    """48 kHz mono as raw packets."""
    codec = av.AudioCodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = 48_000, "mono", "flt"
    return [bytes(packet) for packet in _encoded(codec, samples, 48_000, "mono")]


def decode(decoder: StreamDecoder, *parts: bytes) -> Samples:
    """All that these bytes are, as one stream."""
    try:
        return np.concatenate([*map(decoder.feed, parts), decoder.flush()])
    finally:
        decoder.close()


def assert_is_tone(samples: Samples, seconds: float, hertz: float = 440.0) -> None:
    """That this is `tone`, after whatever codec."""
    assert abs(samples.size / SAMPLE_RATE - seconds) < 0.03
    middle = samples[SAMPLE_RATE // 10 : -SAMPLE_RATE // 10]
    spectrum = np.abs(np.fft.rfft(middle))
    assert abs(spectrum.argmax() * SAMPLE_RATE / middle.size - hertz) < 10
    assert abs(dbfs(middle) + 9.0) < 1.0


def _encoded(
    codec: av.AudioCodecContext, samples: Floats, rate: int, layout: str
) -> Iterator[av.Packet[av.AudioStream]]:
    planes = np.repeat(samples[None, :], 2 if layout == "stereo" else 1, axis=0)
    resampler = av.AudioResampler(
        format=codec.format.name if codec.format else "flt",
        layout=layout,
        rate=rate,
        frame_size=960,
    )
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
    frame.sample_rate = rate
    for part in [*resampler.resample(frame), *resampler.resample(None), None]:
        yield from (packet for packet in codec.encode(part) if packet.size)
