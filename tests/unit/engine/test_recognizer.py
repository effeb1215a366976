"""The real models on a few seconds of real speech."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from captioner.captions.words import words
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job, Samples
from captioner.engine.recognizer import Recognizer
from captioner.engine.whisper import context_s, language_code, max_tokens

SAID = "differs from most if not from all the arts and crafts represented in the exhibition"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(device="cpu")


@pytest.fixture(scope="module")
def audio(demo_recording: Path) -> Samples:
    samples: Samples = decode_audio(str(demo_recording))
    return samples


def clip(audio: Samples, start: float, end: float) -> Samples:
    return audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


def spoken(hypothesis: Hypothesis) -> str:
    return " ".join(word.key for word in words(hypothesis.text))


@pytest.mark.parametrize("kind", ["partial", "final", "accurate"])
def test_speech_becomes_text_with_times(recognizer: Recognizer, audio: Samples, kind: str) -> None:
    job = Job("final", clip(audio, 0, 10.3), "en-GB")
    (heard,) = recognizer.decode([replace(job, kind=kind)])  # type: ignore[arg-type]
    assert SAID in spoken(heard)
    assert heard.language == "en"
    assert heard.text == "".join(segment.text for segment in heard.segments).strip()
    assert heard.text == "".join(word.text for word in heard.words).strip()
    times = [time for word in heard.words for time in (word.start, word.end)]
    assert times == sorted(times) and 0 <= times[0] and times[-1] <= 10.3
    assert np.mean([word.probability for word in heard.words]) > 0.7


def test_a_batch_answers_in_order_and_silence_with_nothing(
    recognizer: Recognizer, audio: Samples
) -> None:
    clips = [clip(audio, 0, 10.3), np.zeros(SAMPLE_RATE, np.float32), clip(audio, 0, 4)]
    heard = recognizer.decode([Job("partial", each, "en") for each in clips])
    assert "exhibition" in spoken(heard[0])
    assert (heard[1].text, heard[1].segments, heard[1].words) == ("", (), ())
    assert "printing" in spoken(heard[2]) and "exhibition" not in spoken(heard[2])


def test_jobs_of_several_kinds_are_each_decoded_as_what_they_are(
    recognizer: Recognizer, audio: Samples
) -> None:
    jobs = [Job(kind, clip(audio, 0, 4), "en") for kind in ("partial", "final", "accurate")]
    jobs.append(replace(jobs[1], late=True))
    assert recognizer.decode(jobs) == [recognizer.decode([job])[0] for job in jobs]


def test_no_audio_at_all_says_nothing(recognizer: Recognizer) -> None:
    (heard,) = recognizer.decode([Job("final", np.zeros(0, np.float32), "en")])
    assert heard.text == ""


def test_audio_longer_than_a_window_is_heard_to_its_end(
    recognizer: Recognizer, audio: Samples
) -> None:
    (heard,) = recognizer.decode([Job("final", clip(audio, 24, 56), "en")])
    assert "movable metal letters" in spoken(heard)
    assert spoken(heard).endswith("been surpassed")
    starts = [segment.start for segment in heard.segments]
    assert starts == sorted(starts) and starts[-1] > 20


def test_the_language_is_detected(recognizer: Recognizer, audio: Samples) -> None:
    language, probability = recognizer.detect_language(clip(audio, 0, 4))
    assert language == "en" and probability > 0.9
    (heard,) = recognizer.decode([Job("final", clip(audio, 0, 4), None)])
    assert heard.language == "en"


def test_contexts_hold_the_audio_and_a_second() -> None:
    assert [context_s(audio_s) for audio_s in (0, 9, 9.1, 14, 14.1, 29, 40)] == [
        *(10.0, 10.0, 12.5, 15.0, 20.0, 30.0, 30.0)
    ]


def test_nobody_says_more_tokens_than_are_allowed() -> None:
    assert (max_tokens(0), max_tokens(10)) == (12, 102)


@pytest.mark.parametrize(
    ("tag", "code"), [("pt-BR", "pt"), ("nb", "no"), ("zh-Hant-TW", "zh"), ("EN_us", "en")]
)
def test_language_tags_become_whispers_codes(tag: str, code: str) -> None:
    assert language_code(tag) == code
    assert language_code("tlh") is None
