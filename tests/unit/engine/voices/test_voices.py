from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jiwer
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from captioner.engine.recognizer import Recognizer
from captioner.engine.voices import espeak
from captioner.engine.voices.voices import Voices
from captioner.errors import NoSuchPair
from tests.unit.engine.voices.sound import heard, seconds, whole

SAID = (
    "The release has been delayed by two weeks because of a security issue. "
    "If nobody objects, I will send the minutes of this meeting by Friday."
)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(device="cpu")


@pytest.mark.parametrize(
    ("voice", "most_errors"),
    [("en_US-joe-medium", 0.12), ("en-us", 0.25), ("en-us+f2", 0.25), ("en-us+m3", 0.25)],
)
@pytest.mark.parametrize("speed", [1.0, 1.25])
def test_what_is_said_is_understood(
    voices: Voices, recognizer: Recognizer, voice: str, most_errors: float, speed: float
) -> None:
    said = heard(recognizer, whole(voices.speak(SAID, "en-US", voice, speed)), "en")
    normal = EnglishTextNormalizer()
    assert jiwer.wer(normal(SAID), normal(said)) <= most_errors, said


def test_the_better_program_comes_first(voices: Voices) -> None:
    assert voices.names("en-US")[:2] == ("en_US-joe-medium", "en-us")
    assert voices.names("es-MX")[0] == "es-419"
    assert len(set(voices.names("en"))) == len(voices.names("en"))


def test_a_voice_of_somebody_elses_is_the_usual_one(voices: Voices) -> None:
    said, usual = (whole(voices.speak("Buenos días.", "es", voice)) for voice in ("alloy", ""))
    assert said.tobytes() == usual.tobytes()


def test_a_language_that_nobody_speaks_is_refused(voices: Voices) -> None:
    assert voices.names("tlh") == ()
    with pytest.raises(NoSuchPair, match="tlh"):
        whole(voices.speak("nuqneH", "tlh"))
    with pytest.raises(NoSuchPair, match="tlh"):
        voices.prepare("tlh")


def test_several_speak_at_once(voices: Voices) -> None:
    def spoken(language: str) -> float:
        return seconds(whole(voices.speak("One, two, three, four.", language)))

    with ThreadPoolExecutor(6) as threads:
        assert min(threads.map(spoken, ["en", "es", "de", "en", "fr", "en"])) > 0.5


def test_whoever_asks_is_told_what_is_here_and_what_would_bring_more(
    voices: Voices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "en_US-joe-medium" in voices.summary and "espeak-ng for 1" in voices.summary
    assert espeak.REMEDY not in Voices.find(tmp_path).missing
    monkeypatch.setenv("PATH", "/nowhere")
    assert espeak.REMEDY in Voices.find(tmp_path).missing


def test_with_nothing_installed_there_is_nothing_to_say() -> None:
    nobody = Voices([])
    assert (nobody.summary, nobody.names("en")) == ("", ())
    nobody.close()
