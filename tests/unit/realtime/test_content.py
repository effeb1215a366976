"""Pitfalls of content: noise that is taken for speech, and speech that is cut where it should not.

The detector of voices is the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from captioner.audio.endpointing import (
    CUT_WITHIN_S,
    LONGEST_S,
    Began,
    Ended,
    Endpointer,
)
from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE, Samples, silence
from captioner.audio.vad import VoiceDetector
from captioner.captions.recognition import Completed
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.providers import OPENAI, Provider, openai, without_turns
from captioner.realtime.sending import LEAST_VOICED_S, LONGEST_OPEN_S, sending
from captioner.realtime.session import Session
from captioner.realtime.tape import Tape
from captioner.realtime.trouble import Doubted
from tests.unit.realtime.coded_voice import CodedVoice

Wave = npt.NDArray[np.floating[Any]]
Make = Callable[[], Wave]

FRAME = SAMPLE_RATE // 10
MINUTE = 60 * SAMPLE_RATE


def coloured(exponent: float, level: float = 0.1) -> Make:
    """Noise whose power falls with the frequency, so steeply; `level`: its root mean square."""

    def noise() -> Wave:
        spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=MINUTE))
        spectrum /= np.maximum(np.arange(spectrum.size), 1) ** (exponent / 2)
        wave = np.fft.irfft(spectrum, MINUTE)
        return np.asarray(level * wave / wave.std(), np.float64)

    return noise


def hum() -> Wave:
    time = np.arange(MINUTE) / SAMPLE_RATE
    return 0.3 * np.sin(2 * np.pi * 50 * time) + 0.1 * np.sin(2 * np.pi * 150 * time)


def clicks() -> Wave:
    return 0.9 * (np.random.default_rng(2).random(MINUTE) < 2 / SAMPLE_RATE)


NOISES: dict[str, Make] = {
    "digital silence": lambda: np.zeros(MINUTE),
    # At -20 dBFS, and only there, the detector takes some white noise for a voice.
    "white noise": coloured(0.0, 0.03),
    "loud white noise": coloured(0.0, 0.3),
    "pink noise": coloured(1.0),
    "brown noise": coloured(2.0),
    "mains hum": hum,
    "clicks": clicks,
}


def samples_of(wave: Wave) -> Samples:
    return (wave.clip(-1, 1) * 32767).astype(np.int16)


def session_of(provider: Provider, **options: float) -> Session:
    session = Session(Configuration(replace(provider, model="m"), Wishes("en")), **options)  # type: ignore[arg-type]
    session.receive({"type": "session.updated"})
    return session


async def sent(provider: Provider, samples: Samples) -> list[str]:
    """The messages that a track of these samples becomes, with the real detector."""
    session, tape = session_of(provider), Tape(0.0, SAMPLE_RATE, 3600.0)
    out = sending(session, tape, 0, VoiceDetector)
    messages: list[str] = []
    for first in range(0, samples.size, FRAME):
        await tape.add(samples[first : first + FRAME])
        messages += out.take(samples[first : first + FRAME])
    return messages + out.finish()


@pytest.mark.anyio
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("model", ["gpt-live-transcribe", "gpt-realtime-whisper"])
async def test_nothing_is_sent_of_what_nobody_said(model: str, noise: Make) -> None:
    assert await sent(openai(model), samples_of(noise())) == []


@pytest.mark.anyio
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
async def test_nothing_is_committed_of_what_nobody_said(noise: Make) -> None:
    messages = await sent(openai("gpt-transcribe"), samples_of(noise()))
    assert [message for message in messages if "commit" in message] == []


@pytest.mark.anyio
async def test_a_noise_that_begins_like_a_voice_is_not_sent() -> None:
    voiced = round(0.12 * SAMPLE_RATE)
    blip = np.concatenate([silence(SAMPLE_RATE), np.full(voiced, 9, np.int16), silence(MINUTE)])
    session, tape = session_of(without_turns(OPENAI)), Tape(0.0, SAMPLE_RATE, 3600.0)
    out = sending(session, tape, 0, CodedVoice)
    await tape.add(blip)
    messages = out.take(blip) + out.finish()
    assert voiced / SAMPLE_RATE < LEAST_VOICED_S
    assert messages == []
    assert session.finished and session.settled > 10


def completed(session: Session, text: str, seconds: float, voiced_s: float) -> list[object]:
    """What an utterance is told as."""
    session.begin(session.position)
    session.append(silence(round(seconds * SAMPLE_RATE)))
    session.commit(voiced_s=voiced_s)
    session.receive({"type": "input_audio_buffer.committed", "item_id": "a"})
    kind = "conversation.item.input_audio_transcription.completed"
    return list(session.receive({"type": kind, "item_id": "a", "transcript": text}))


@pytest.mark.parametrize("text", ["Thank you.", ".", "Subtitles by the Amara.org community"])
def test_what_models_say_of_silence_is_no_caption(text: str) -> None:
    session = session_of(without_turns(OPENAI))
    assert completed(session, text, 2.0, 0.05) == [Completed("a", "", None)]


LOOP = "I am not sure. " * 40
PROMPT = "A talk about running large clusters of small machines in cold places"


@pytest.mark.parametrize("text", [LOOP, PROMPT, "word " * 60], ids=["loop", "echo", "rate"])
def test_what_cannot_have_been_said_is_heard_again_once_and_then_dropped(text: str) -> None:
    wishes = Wishes("en", prompt=PROMPT)
    for retried_until in (0.0, 99.0):
        provider = replace(without_turns(OPENAI), model="m")
        session = Session(Configuration(provider, wishes), retried_until=retried_until)
        session.receive({"type": "session.updated"})
        if retried_until == 0.0:
            with pytest.raises(Doubted):
                completed(session, text, 2.0, 0.4)
        else:
            (event,) = completed(session, text, 2.0, 0.4)
            assert isinstance(event, Completed)
            assert len(event.text) <= len("I am not sure.")


@pytest.mark.anyio
async def test_a_turn_that_noise_keeps_open_is_ended_by_a_commit() -> None:
    session, tape = session_of(OPENAI), Tape(0.0, SAMPLE_RATE, 3600.0)
    out = sending(session, tape, 0, CodedVoice)
    session.receive(
        {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "a"}
    )
    noise = np.full(2 * MINUTE, 9, np.int16)
    commits: list[float] = []
    for first in range(0, noise.size, FRAME):
        await tape.add(noise[first : first + FRAME])
        messages = out.take(noise[first : first + FRAME])
        if any("commit" in message for message in messages):
            commits.append(session.position)
            item = f"i{len(commits)}"
            session.receive({"type": "input_audio_buffer.committed", "item_id": "a"})
            session.receive(
                {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": "a"}
            )
            ms = round(session.position * 1000)
            started = "input_audio_buffer.speech_started"
            session.receive({"type": started, "audio_start_ms": ms, "item_id": f"s{item}"})
    assert len(commits) >= 2
    assert commits[0] <= LONGEST_OPEN_S + 0.2


def utterances(samples: Samples, frame: int = FRAME) -> list[Began | Ended]:
    endpointer = Endpointer(SAMPLE_RATE, 0, voice=VoiceDetector())
    found: list[Began | Ended] = []
    for first in range(0, samples.size, frame):
        found += endpointer.hear(samples[first : first + frame])
    return [*found, *endpointer.finish()]


@pytest.fixture(scope="module")
def breathless(demo_recording: Path) -> Samples:
    """A minute of real speech that never pauses for as long as ends an utterance."""
    with AudioFile(str(demo_recording)) as audio:
        whole = np.concatenate(list(audio))
    parts = [
        whole[found.start + FRAME * 3 : found.end - FRAME * 2]
        for found in utterances(whole)
        if isinstance(found, Ended)
    ]
    return np.concatenate([*parts, *parts])


def power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def test_speech_without_a_pause_is_cut_at_a_quiet_point_of_its_last_second(
    breathless: Samples,
) -> None:
    cuts = [found for found in utterances(breathless) if isinstance(found, Ended) and found.cut]
    assert cuts
    around = round(0.048 * SAMPLE_RATE)
    for cut in cuts:
        assert LONGEST_S - CUT_WITHIN_S <= (cut.end - cut.start) / SAMPLE_RATE <= LONGEST_S
        last = cut.start + round(LONGEST_S * SAMPLE_RATE)
        second = range(last - SAMPLE_RATE, last - 2 * around, around // 4)
        levels = sorted(power(breathless[at : at + 2 * around]) for at in second)
        there = power(breathless[cut.end - around : cut.end + around])
        assert there <= levels[len(levels) // 4]


def test_a_cut_loses_no_sample_and_doubles_none(breathless: Samples) -> None:
    found = utterances(breathless)
    for ended, began in zip(found[1::2], found[2::2], strict=False):
        assert isinstance(ended, Ended) and isinstance(began, Began)
        assert began.start == ended.end if ended.cut else began.start >= ended.end


def test_real_speech_is_cut_at_its_pauses_and_nowhere_else(demo_recording: Path) -> None:
    with AudioFile(str(demo_recording)) as audio:
        whole = np.concatenate(list(audio))
    ends = [found for found in utterances(whole) if isinstance(found, Ended)]
    assert len(ends) == 4
    quiet = round(0.1 * SAMPLE_RATE)
    for end in ends:
        if not end.cut:
            assert power(whole[end.end - quiet : end.end]) < 0.05 * power(whole)
    assert not [end for end in ends if end.cut]


def test_any_split_of_the_audio_gives_the_same_cuts(breathless: Samples) -> None:
    assert utterances(breathless, 1234) == utterances(breathless)
