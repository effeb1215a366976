from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE
from captioner.errors import BadFormat, BadInput
from tests.unit.audio.sounds import assert_is_tone, container, tone


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [("wav", "pcm_s16le", 44_100), ("mp4", "aac", 48_000), ("ogg", "libopus", 48_000)],
)
def test_a_file_is_decoded_from_its_path(
    tmp_path: Path, suffix: str, codec: str, rate: int
) -> None:
    path = tmp_path / f"tone.{suffix}"
    path.write_bytes(container(suffix, tone(2.0, rate), codec, rate, "stereo"))
    with AudioFile(str(path)) as audio:
        assert audio.duration == pytest.approx(2.0, abs=0.05)
        assert_is_tone(np.concatenate(list(audio)), 2.0)


def test_the_demo_recording_is_decoded(demo_recording: Path) -> None:
    with AudioFile(str(demo_recording)) as audio:
        blocks = list(audio)
    assert sum(block.size for block in blocks) == pytest.approx(56 * SAMPLE_RATE, rel=0.02)
    assert all(block.size >= SAMPLE_RATE // 10 for block in blocks[:-1])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file"):
        AudioFile(str(tmp_path / "nothing.wav"))


def test_a_file_that_is_no_audio_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.wav"
    path.write_text("Dear Sir or Madam")
    with pytest.raises(BadFormat):
        AudioFile(str(path))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(BadFormat):
        AudioFile(str(path))
