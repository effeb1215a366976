from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from captioner.engine.voices import piper as module
from captioner.engine.voices.piper import Piper
from captioner.engine.voices.voice import Voice
from captioner.errors import TranslationUnavailable
from tests.unit.engine.voices.sound import pitch, seconds, whole

JOE = Voice("en_US-joe-medium", "en-US", "piper", 3)
SAID = "Good morning everyone, thank you for joining the call."


def described(folder: Path, name: str, language: str, quality: str) -> None:
    """A voice without its weights."""
    config = {"language": {"code": language}, "audio": {"quality": quality}}
    (folder / f"{name}.onnx").touch()
    (folder / f"{name}.onnx.json").write_text(json.dumps(config))


def process_of(piper: Piper) -> int:
    (process,) = piper._processes.values()
    return process._process.pid


def test_the_packaged_voice_is_found_and_loaded_once(piper: Piper) -> None:
    assert piper.voices("en-GB") == (JOE,)
    assert piper.voices("es") == ()
    piper.prepare(JOE)
    loaded = process_of(piper)
    assert 2.0 < seconds(whole(piper.speak(SAID, JOE))) < 6.0
    assert 2.0 < seconds(whole(piper.speak(SAID, JOE))) < 6.0
    assert process_of(piper) == loaded


def test_voices_in_the_folder_come_nearest_first_then_best(tmp_path: Path) -> None:
    described(tmp_path, "pt_PT-a-high", "pt_PT", "high")
    described(tmp_path, "pt_BR-b-low", "pt_BR", "low")
    described(tmp_path, "pt_BR-c-medium", "pt_BR", "medium")
    piper = Piper.find(tmp_path)
    assert piper is not None
    names = [voice.name for voice in piper.voices("pt-BR")]
    assert names == ["pt_BR-c-medium", "pt_BR-b-low", "pt_PT-a-high"]
    assert [voice.language for voice in piper.voices("pt")] == ["pt-PT", "pt-BR", "pt-BR"]


def test_a_file_that_is_no_voice_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lonely.onnx").touch()
    (tmp_path / "strange.onnx").touch()
    (tmp_path / "strange.onnx.json").write_text("[]")
    piper = Piper.find(tmp_path)
    assert piper is not None and piper.voices("en") == (JOE,)
    assert "lonely.onnx" in caplog.text and "strange.onnx" in caplog.text


def test_an_old_voice_has_the_language_of_its_phonemes(tmp_path: Path) -> None:
    (tmp_path / "old.onnx").touch()
    config = {"espeak": {"voice": "de"}, "audio": {"sample_rate": 22050}}
    (tmp_path / "old.onnx.json").write_text(json.dumps(config))
    piper = Piper.find(tmp_path)
    assert piper is not None
    assert [voice.name for voice in piper.voices("de-AT")] == ["old"]


def test_a_sound_that_is_lost_is_told(piper: Piper, tmp_path: Path) -> None:
    whole(piper.speak(SAID, JOE))
    process = next(iter(piper._processes.values()))
    process._folder.cleanup()
    with pytest.raises(TranslationUnavailable, match="Piper"):
        process.say(SAID)
    assert seconds(whole(piper.speak(SAID, JOE))) > 2.0


def test_without_the_program_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "no-such-package")
    assert Piper.find(tmp_path) is None


def test_each_sentence_is_heard_as_soon_as_it_is_made(piper: Piper) -> None:
    first, *rest = piper.speak(f"{SAID} We will begin with the budget of the next quarter.", JOE)
    assert 2.0 < seconds(first) < 6.0
    assert len(rest) == 1


def test_it_speaks_faster_at_the_same_pitch(piper: Piper) -> None:
    usual, fast = (whole(piper.speak(SAID, JOE, speed)) for speed in (1.0, 1.25))
    # No two readings are alike: Piper draws the length of every sound.
    assert 1.05 < seconds(usual) / seconds(fast) < 1.5
    assert pitch(fast) == pytest.approx(pitch(usual), rel=0.15)


def test_what_cannot_be_spoken_is_no_sound_and_ends_nothing(piper: Piper) -> None:
    piper.prepare(JOE)
    loaded = process_of(piper)
    for said in ("", "…", "--output-file /tmp/never", "[[h@loU]]", "\0 a"):
        whole(piper.speak(said, JOE))
    assert not Path("/tmp/never").exists()
    assert process_of(piper) == loaded


def test_after_its_process_has_died_the_next_sentence_is_spoken_by_another(piper: Piper) -> None:
    whole(piper.speak(SAID, JOE))
    dead = process_of(piper)
    os.kill(dead, signal.SIGKILL)
    process = next(iter(piper._processes.values()))
    process._process.wait()
    with pytest.raises(TranslationUnavailable, match="Piper has ended"):
        process.say(SAID)
    assert seconds(whole(piper.speak(SAID, JOE))) > 2.0
    assert process_of(piper) != dead


def test_a_voice_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    described(tmp_path, "broken", "de_DE", "low")
    piper = Piper.find(tmp_path)
    assert piper is not None
    (broken,) = piper.voices("de")
    with pytest.raises(TranslationUnavailable, match=r"Piper ended: .*\w"):
        whole(piper.speak("Guten Tag.", broken))
    piper.close()
    with pytest.raises(TranslationUnavailable):
        whole(piper.speak("Guten Tag.", broken))
