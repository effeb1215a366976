from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from captioner.engine.voices.espeak import SPEAKERS, Espeak, accents
from captioner.engine.voices.voice import Voice
from captioner.errors import TranslationUnavailable
from tests.unit.engine.voices.sound import pitch, seconds, whole

LONG = "Nobody objected to the minutes of the last meeting. " * 400

LISTING = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn       (zh-cmn 5)(zh 5)
 5  cmn-latn-pinyin --/M      Chinese_(Mandarin,_latin_as_Pinyin) sit/cmn-Latn-pinyin  (zh 5)
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  ja              --/M      Japanese           jpx/ja
 5  yue             --/M      Chinese_(Cantonese) sit/yue              (zh-yue 5)(zh 8)
 5  yue             --/M      Chinese_(Cantonese,_latin_as_Jyutping) sit/yue-Latn-jyutping (zh 8)
"""


def first(espeak: Espeak, language: str) -> Voice:
    return espeak.voices(language)[0]


def test_a_listing_becomes_accents_without_those_that_nobody_understands() -> None:
    assert [(accent.name, accent.tags[1:]) for accent in accents(LISTING)] == [
        ("cmn-latn-pinyin", (("zh", 5),)),
        ("en-gb", (("en", 2),)),
        ("yue", (("zh-yue", 5), ("zh", 8))),
    ]


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("es", "es"),
        ("es-MX", "es-419"),
        ("pt", "pt"),
        ("pt-BR", "pt-br"),
        ("en-US", "en-us"),
        ("fr", "fr-fr"),
        ("zh-Hans-CN", "cmn-latn-pinyin"),
        ("zh-yue", "yue"),
        ("no", "nb"),
        ("ru", "ru"),
    ],
)
def test_a_language_tag_finds_its_accent(espeak: Espeak, language: str, name: str) -> None:
    assert first(espeak, language).name == name


@pytest.mark.parametrize("language", ["ja", "und", "tlh", ""])
def test_a_language_that_it_cannot_read_has_no_voice(espeak: Espeak, language: str) -> None:
    assert espeak.voices(language) == ()


def test_each_language_has_men_and_women_who_differ(espeak: Espeak) -> None:
    voices = espeak.voices("es")[: len(SPEAKERS)]
    sounds = [whole(espeak.speak("Buenos días a todos.", voice)) for voice in voices]
    assert len({sound.tobytes() for sound in sounds}) == len(SPEAKERS)
    women = [pitch(s) for s, v in zip(sounds, voices, strict=True) if "+f" in v.name]
    men = [pitch(s) for s, v in zip(sounds, voices, strict=True) if "+f" not in v.name]
    assert min(women) > max(men)


def test_it_speaks_faster_where_it_is_asked_to(espeak: Espeak) -> None:
    said = "The release has been delayed by two weeks because of a security issue."
    voice = first(espeak, "en-US")
    usual, fast = (whole(espeak.speak(said, voice, speed)) for speed in (1.0, 1.25))
    assert 1.15 < seconds(usual) / seconds(fast) < 1.35
    assert pitch(fast) == pytest.approx(pitch(usual), rel=0.1)


def test_text_is_never_taken_for_options_phonemes_or_commands(
    espeak: Espeak, tmp_path: Path
) -> None:
    voice = first(espeak, "en")
    file = tmp_path / "file"
    for said in (f"-w {file} hello", f"--phonout={file}", f"$(touch {file}) `touch {file}`; hello"):
        assert seconds(whole(espeak.speak(said, voice))) > 0.5
    assert not file.exists()
    spelled = whole(espeak.speak("[[h@loU]]", voice))
    assert spelled.tobytes() == whole(espeak.speak("[ [h@loU]]", voice)).tobytes()


def test_nothing_to_say_is_no_sound_or_silence(espeak: Espeak) -> None:
    for said in ("", " \n", "…"):
        assert np.abs(whole(espeak.speak(said, first(espeak, "en")))).max(initial=0) < 100


def test_whoever_stops_listening_ends_the_process(
    espeak: Espeak, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    sound = espeak.speak(LONG, first(espeak, "en"))
    assert next(sound).size
    sound.close()
    assert [process.returncode for process in started] == [-9]


def test_a_program_that_fails_says_why(espeak: Espeak) -> None:
    with pytest.raises(TranslationUnavailable, match="voice does not exist"):
        whole(espeak.speak("hello", Voice("xx", "xx", "espeak-ng", 0)))
    missing = Espeak("/nowhere/espeak-ng", ())
    with pytest.raises(TranslationUnavailable, match="cannot be started"):
        whole(missing.speak("hello", Voice("en", "en", "espeak-ng", 0)))


def test_where_it_is_not_installed_it_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert Espeak.find() is None
