from __future__ import annotations

import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.audio.encoding import MEDIA_TYPES, StreamEncoder
from captioner.audio.pcm import SAMPLE_RATE, Floats, Samples, from_floats, silence, to_bytes
from captioner.errors import BadInput
from tests.unit.audio.sounds import tone

FRAME = SAMPLE_RATE // 50
"""20 ms, as speech comes."""
FORMATS = sorted(MEDIA_TYPES)
JOINS = [0, 1, 4, 5, 317, 900]
"""The frame with which a listener's stream begins."""
EXACT = {"ogg": (0, 0), "wav": (0, 2047), "mp3": (1105, 1105 + 2 * 576)}
"""Samples more than were encoded that a decoder gives, at least and at most: WAV is filled up to a

block, MP3 cannot say how much of its first and last frame is none of the sound's.
"""


def rising(seconds: float) -> Floats:
    """A tone that goes up 20 Hz a second, so that a place in it can be told by its pitch."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * (300 + 10 * time) * time)).astype(np.float32)


def encoded(format: str, samples: Samples) -> tuple[bytes, list[bytes]]:
    """The header, and what every frame of 20 ms completes."""
    encoder = StreamEncoder(format)
    frames = [samples[at : at + FRAME] for at in range(0, samples.size, FRAME)]
    return encoder.header, [*(encoder.encode(to_bytes(each)) for each in frames), encoder.flush()]


def decoded(stream: bytes) -> Samples:
    """As ffmpeg does, which must find nothing to remark."""
    command = ["ffmpeg", "-v", "warning", "-i", "-", "-ac", "1", "-ar", str(SAMPLE_RATE)]
    done = subprocess.run([*command, "-f", "s16le", "-"], input=stream, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return np.frombuffer(done.stdout, "<i2").astype(np.int16)


def hertz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax()) * SAMPLE_RATE / samples.size


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("format", FORMATS)
def test_whoever_joins_at_any_moment_has_a_stream_without_a_fault(format: str, join: int) -> None:
    header, parts = encoded(format, from_floats(rising(20.03)))
    stream = header + b"".join(parts[join:])
    command = [
        "ffprobe",
        "-v",
        "warning",
        "-show_entries",
        "stream=codec_name,sample_rate,channels",
    ]
    done = subprocess.run([*command, "-of", "csv=p=0", "-"], input=stream, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    codec, rate = {"ogg": ("opus", 48_000), "mp3": ("mp3", 24_000), "wav": ("pcm_s16le", 24_000)}[
        format
    ]
    assert done.stdout.decode().strip() == f"{codec},{rate},1"
    samples = decoded(stream)
    late_s = 20.03 - samples.size / SAMPLE_RATE
    assert abs(late_s - join / 50) < 0.12
    # What is heard first is what was said then, and what is heard last is the end.
    assert hertz(samples[4800:9600]) == pytest.approx(300 + 20 * (late_s + 0.3), abs=10)
    assert hertz(samples[-9600:-4800]) == pytest.approx(300 + 20 * 19.73, abs=10)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("count", [2400, 2401, 24_000, 50_001])
def test_no_sample_is_lost_or_doubled(format: str, count: int) -> None:
    header, parts = encoded(format, from_floats(tone(3.0))[:count])
    least, most = EXACT[format]
    assert least <= decoded(header + b"".join(parts)).size - count <= most


@pytest.mark.parametrize("format", FORMATS)
def test_there_is_something_new_at_least_every_200_ms(format: str) -> None:
    _, parts = encoded(format, np.concatenate([silence(SAMPLE_RATE), from_floats(tone(1.0))]))
    filled = [index for index, part in enumerate(parts[:-1]) if part]
    assert filled[0] * 20 <= 200
    assert max(np.diff(filled)) * 20 <= 100


@pytest.mark.parametrize("format", FORMATS)
def test_silence_weighs_as_much_as_speech(format: str) -> None:
    speech, nothing = (
        len(b"".join(encoded(format, samples)[1]))
        for samples in (from_floats(rising(10.0)), silence(10 * SAMPLE_RATE))
    )
    assert nothing == pytest.approx(speech, rel=0.02)


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 3000), max_size=12))
@pytest.mark.parametrize("format", FORMATS)
def test_any_split_of_the_bytes_gives_the_same_stream(format: str, sizes: list[int]) -> None:
    pcm = to_bytes(from_floats(tone(0.4)))
    whole, split = StreamEncoder(format), StreamEncoder(format)
    pieces, at = [], 0
    for size in [*sizes, len(pcm)]:
        pieces.append(split.encode(pcm[at : at + size]))
        at += size
    assert b"".join([*pieces, split.flush()]) == whole.encode(pcm) + whole.flush()


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_of_nothing_ends_cleanly(format: str) -> None:
    encoder = StreamEncoder(format)
    assert len(encoder.header + encoder.flush()) < 3000
    assert encoder.media_type.startswith("audio/")


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="ogg, mp3, wav"):
        StreamEncoder("flac")
