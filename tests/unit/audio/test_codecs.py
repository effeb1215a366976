from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.audio.codecs import FORMATS, StreamDecoder
from captioner.audio.container import CONTAINERS, ContainerDecoder
from captioner.audio.pcm import SAMPLE_RATE
from captioner.errors import BadFormat, TooLarge
from tests.unit.audio.sounds import assert_is_tone, container, decode, opus_packets, raw, tone

RAW = [format for format in FORMATS if format not in ("opus", *CONTAINERS)]


@st.composite
def parts_of(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes cut at any places, at none or twice at the same."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@pytest.mark.parametrize("format", RAW)
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 24_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_raw_audio_of_any_rate_becomes_24_khz_mono(format: str, rate: int, channels: int) -> None:
    data = raw(format, tone(0.4, rate), channels)
    samples = decode(StreamDecoder(format, rate, channels, to=SAMPLE_RATE), data)
    assert abs(samples.size - 0.4 * SAMPLE_RATE) <= 1
    assert_is_tone(samples, 0.4)


@pytest.mark.parametrize("format", RAW)
@pytest.mark.parametrize("channels", [1, 2])
@settings(max_examples=20)
@given(data=st.data(), rate=st.sampled_from([8_000, 24_000, 44_100]))
def test_any_split_of_raw_audio_gives_the_same_samples(
    format: str, channels: int, data: st.DataObject, rate: int
) -> None:
    audio = raw(format, tone(0.3, rate), channels)
    parts = data.draw(parts_of(audio))
    together = decode(StreamDecoder(format, rate, channels, to=SAMPLE_RATE), audio)
    assert np.array_equal(
        decode(StreamDecoder(format, rate, channels, to=SAMPLE_RATE), *parts), together
    )


FILES = {
    "webm opus": container("webm", tone(1.0, 48_000)),
    "webm vorbis": container("webm", tone(1.0, 44_100), "vorbis", 44_100, "stereo"),
    "ogg opus": container("ogg", tone(1.0, 48_000), layout="stereo"),
    "ogg vorbis": container("ogg", tone(1.0, 48_000), "vorbis", layout="stereo"),
    "ogg flac": container("ogg", tone(1.0, 48_000), "flac"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_container_says_itself_what_is_in_it(name: str) -> None:
    decoder = StreamDecoder(name.split()[0], 8_000, 1, to=SAMPLE_RATE)
    assert_is_tone(decode(decoder, FILES[name]), 1.0)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15)
@given(data=st.data())
def test_any_split_of_a_container_gives_the_same_samples(name: str, data: st.DataObject) -> None:
    format = name.split()[0]
    parts = data.draw(parts_of(FILES[name]))
    together = decode(StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE), FILES[name])
    assert np.array_equal(
        decode(StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE), *parts), together
    )


@pytest.mark.parametrize("format", CONTAINERS)
def test_a_container_is_heard_while_it_comes(format: str) -> None:
    data = container(format, tone(5.0, 48_000))
    decoder = StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE)
    heard = sum(decoder.feed(data[at : at + 500]).size for at in range(0, len(data) // 2, 500))
    decoder.close()
    assert heard > 1.0 * SAMPLE_RATE


def test_opus_packets_are_decoded_one_by_one() -> None:
    packets = opus_packets(tone(1.0, 48_000))
    decoder = StreamDecoder("opus", 48_000, 1, to=SAMPLE_RATE)
    assert_is_tone(decode(decoder, *packets, b""), len(packets) * 0.02)


@pytest.mark.parametrize("format", ["opus", *CONTAINERS])
def test_noise_is_no_audio(format: str) -> None:
    with pytest.raises(BadFormat):
        decode(
            StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE), *[os.urandom(3000) for _ in range(5)]
        )


@pytest.mark.parametrize("format", CONTAINERS)
def test_a_file_that_breaks_off_is_decoded_up_to_there(format: str) -> None:
    data = container(format, tone(5.0, 48_000))
    samples = decode(StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE), data[: len(data) * 3 // 4])
    assert 1 < samples.size / SAMPLE_RATE < 5


def test_a_container_without_audio_is_refused() -> None:
    with pytest.raises(BadFormat):
        decode(StreamDecoder("webm", 48_000, 1, to=SAMPLE_RATE), b"\x1a\x45\xdf\xa3" + bytes(100))


@pytest.mark.parametrize("format", CONTAINERS)
def test_a_container_without_bytes_is_silence(format: str) -> None:
    assert decode(StreamDecoder(format, 48_000, 1, to=SAMPLE_RATE)).size == 0


def test_a_damaged_container_stays_damaged() -> None:
    decoder = ContainerDecoder("ogg", SAMPLE_RATE)
    for _ in range(2):
        with pytest.raises(BadFormat):
            for _ in range(100):
                decoder.feed(os.urandom(5000))
    decoder.close()


def test_little_bytes_cannot_become_endless_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captioner.audio.container.MOST_AT_ONCE_S", 60)
    data = container("ogg", np.zeros(61 * 48_000, np.float32), "flac")
    decoder = StreamDecoder("ogg", 48_000, 1, to=SAMPLE_RATE)
    with pytest.raises(TooLarge):
        decoder.feed(data)
    decoder.close()


def test_a_closed_container_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    decoder = StreamDecoder("webm", 48_000, 1, to=SAMPLE_RATE)
    decoder.feed(FILES["webm opus"][:2000])
    assert threading.active_count() == before + 1
    decoder.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("format", [format for format in RAW if format.startswith("pcm_")])
def test_half_a_sample_at_the_end_is_refused(format: str) -> None:
    with pytest.raises(BadFormat):
        decode(StreamDecoder(format, 16_000, 1, to=SAMPLE_RATE), bytes(321))


@pytest.mark.parametrize(
    ("format", "rate", "channels"),
    [("mp7", 48_000, 1), ("pcmu", 7_999, 1), ("pcmu", 192_001, 1), ("opus", 48_000, 3),
     ("webm", 48_000, 0), ("pcmu", -1, 1)],
)  # fmt: skip
def test_what_cannot_be_decoded_is_refused_at_once(format: str, rate: int, channels: int) -> None:
    with pytest.raises(BadFormat):
        StreamDecoder(format, rate, channels, to=SAMPLE_RATE)


def test_floats_that_are_no_numbers_do_not_spoil_what_follows() -> None:
    broken = np.array([np.nan, np.inf, -np.inf, 1e30], "<f4").tobytes()
    samples = decode(
        StreamDecoder("pcm_f32le", 48_000, 1, to=SAMPLE_RATE),
        broken,
        raw("pcm_f32le", tone(1, 48_000)),
    )
    assert_is_tone(samples, 1.0)
