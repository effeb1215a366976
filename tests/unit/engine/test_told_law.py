"""The same audio tells the same words, however it comes and however long its decodes take."""

from __future__ import annotations

import base64
from collections import deque
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from captioner.engine.hurry import BURST_S
from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job, Word
from tests.unit.engine.driving import TRANSCRIPTION, DrivenSession, seconds

SPOKEN_S = 24.0


def fickle(job: Job) -> Hypothesis:
    """Two words a second, of which the last few are heard differently in every decode."""
    count = round(job.audio.size / SAMPLE_RATE * 2)
    mood = Random(f"{job.kind} {job.late} {job.audio.size}")
    names = [f"word{index}" for index in range(count)]
    for index in range(max(0, count - 3), count):
        names[index] += mood.choice(["", "s", "ed"])
    timed = [
        Word(f" {name}", index / 2, (index + 1) / 2, mood.choice([0.6, 0.95]))
        for index, name in enumerate(names)
    ]
    return Hypothesis(" ".join(names), (), tuple(timed), "en", no_speech=0.0, avg_logprob=-0.1)


class Workers:
    """Two of them, idle but for this session; every decode takes as long as the test wants."""

    def __init__(self, session: DrivenSession, takes: list[int]) -> None:
        self._session = session
        self._takes = deque(takes)
        self._busy: list[tuple[int, Job]] = []

    def work(self) -> None:
        """Finish what is ready and begin what is next, until nothing more can be begun."""
        while self._begin():
            pass
        self._busy = [(left - 1, job) for left, job in self._busy]
        for left, job in [*self._busy]:
            if left <= 0:
                self._busy.remove((left, job))
                self._session.answer(job, fickle(job))

    @property
    def idle(self) -> bool:
        return not self._busy and not self._begin()

    def _begin(self) -> bool:
        source = self._session.session.transcriber
        if len(self._busy) == 2:
            return False
        if source.finals:
            job = source.take_final(self._session.now).job
        elif source.partial_due is not None:
            job = source.take_partial(self._session.now)
        elif source.offers_guess and not self._busy:
            job = source.take_guess()
        else:
            return False
        self._busy.append((self._takes[0], job))
        self._takes.rotate(-1)
        return True


def told(
    pcm: memoryview, sizes: list[int], takes: list[int], bursts: list[tuple[float, float]]
) -> str:
    """Every delta and every transcript; in each burst (start, end) audio stalls and catches up."""
    session = DrivenSession(hurried=True)
    session.update(transcription={"language": "en"})
    workers = Workers(session, takes)
    at, turn = 0, 0
    while at < len(pcm):
        chunk = pcm[at : at + 2 * sizes[turn % len(sizes)]]
        at, turn = at + len(chunk), turn + 1
        spoken_s = at / 48_000
        stalled = next((end for start, end in bursts if start <= spoken_s < end), spoken_s)
        session.now = max(session.now, 100 + stalled)
        session.send("input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
        workers.work()
    session.commit()
    while not workers.idle:
        workers.work()
    words: dict[str, list[str]] = {}
    for event in session.events:
        if event["type"] in (TRANSCRIPTION + "delta", TRANSCRIPTION + "completed"):
            parts = words.setdefault(event["item_id"], [])
            parts.append(event.get("delta") or f" = {event['transcript']}")
    return "\n".join("".join(parts) for parts in words.values())


@pytest.fixture
def speech_with_a_cut(speech: bytes) -> memoryview:
    """A turn that is too long, and shorter ones behind it. (Bytes would fill reports.)"""
    return memoryview(seconds(speech, 0, 9.8) + seconds(speech, 0.7, SPOKEN_S - 9.1))


SIZES = st.lists(st.integers(480, 2400), min_size=1, max_size=4)
"""Of 20 to 100 ms: with more at once there would be partials that the next one overtakes."""
TAKES = st.lists(st.integers(1, 24), min_size=1, max_size=6)
BURSTS = st.lists(
    st.tuples(st.floats(0, SPOKEN_S), st.floats(0.5, BURST_S / 3)).map(lambda b: (b[0], sum(b))),
    max_size=3,
)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sizes=SIZES, takes=TAKES, bursts=BURSTS)
def test_the_same_words_are_told(
    speech_with_a_cut: memoryview,
    sizes: list[int],
    takes: list[int],
    bursts: list[tuple[float, float]],
) -> None:
    usual = told(speech_with_a_cut, [960], [1], [])
    assert usual.count("=") >= 3
    assert told(speech_with_a_cut, sizes, takes, bursts) == usual
