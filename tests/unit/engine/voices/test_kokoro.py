"""Its packages are too large for a test; what stands in for them has their one function."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from captioner.engine.voices.kokoro import PACKAGES, Kokoro
from captioner.errors import TranslationUnavailable
from tests.unit.engine.voices.sound import seconds, whole

STAND_IN = """
import numpy as np

def synthesize(text, voice, speed):
    if voice != "jf_alpha":
        raise ValueError("voice must be one of jf_alpha")
    return np.full(round(len(text) * 2400 / speed), 0.25, np.float32), 24000
"""


@pytest.fixture
def kokoro(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kokoro:
    monkeypatch.syspath_prepend(tmp_path)
    for package in PACKAGES:
        (tmp_path / f"{package}.py").write_text(STAND_IN)
        monkeypatch.delitem(sys.modules, package, raising=False)
    found = Kokoro.find()
    assert found is not None
    return found


def test_it_speaks_japanese_and_nothing_else(kokoro: Kokoro) -> None:
    assert kokoro.voices("ja-JP")[0].name == "jf_alpha"
    assert len({voice.name for voice in kokoro.voices("ja")}) == 5
    assert kokoro.voices("zh") == ()


def test_sentences_come_one_by_one_at_the_speed_that_is_asked_for(kokoro: Kokoro) -> None:
    voice = kokoro.voices("ja")[0]
    pieces = list(kokoro.speak("会議は三時です。遅れないで。", voice, 1.25))
    assert [round(seconds(piece), 2) for piece in pieces] == [0.64, 0.48]
    assert all((piece == 8192).all() and piece.dtype == np.int16 for piece in pieces)


def test_what_it_fails_with_is_told(kokoro: Kokoro) -> None:
    with pytest.raises(TranslationUnavailable, match="must be one of"):
        whole(kokoro.speak("はい。", kokoro.voices("ja")[1]))


def test_where_it_is_not_installed_it_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captioner.engine.voices.kokoro.PACKAGES", ("no_such_package",))
    assert Kokoro.find() is None
