"""Who is decoded next, by a recogniser that answers when the test lets it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import numpy as np
import pytest

from captioner.engine.hypothesis import Hypothesis, Job, Together
from captioner.engine.scheduler import Final, Scheduler
from tests.unit.engine.driving import said

pytestmark = pytest.mark.anyio

Kind = Literal["partial", "final", "accurate"]


class HeldRecogniser:
    """Each call waits until it is let go; `bad` jobs raise."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.bad: set[str] = set()
        self._lock = threading.Condition()
        self._let_go = 0
        self._begun = 0

    def decode(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        with self._lock:
            self.calls.append([job.prompt for job in jobs])
            self._begun += 1
            turn = self._begun
            assert self._lock.wait_for(lambda: self._let_go >= turn, timeout=60)
        if any(job.prompt in self.bad for job in jobs):
            raise RuntimeError("bad")
        return [said(job.prompt) for job in jobs]

    def let_go(self, calls: int) -> None:
        """Let the first so many calls return."""
        with self._lock:
            self._let_go = calls
            self._lock.notify_all()


class FakeSource:
    """A session whose jobs are named by their prompts."""

    def __init__(self, *finals: str, live: bool = True, kind: Kind = "final") -> None:
        self.live = live
        self.finals = deque(Final(job(name, kind), since=0.0) for name in finals)
        self.partial_due: float | None = None
        self.partial = "?"
        self.guess: str | None = None
        self.answers: list[str] = []
        self.failures: list[str] = []
        self.chokes = False

    def take_final(self, now: float) -> Final:
        return self.finals.popleft()

    def take_partial(self, now: float) -> Job:
        self.partial_due = None
        return job(self.partial, "partial")

    @property
    def offers_guess(self) -> bool:
        return self.guess is not None

    def take_guess(self) -> Job:
        name, self.guess = self.guess, None
        return job(str(name), "final")

    def decoded(self, job: Job, hypothesis: Hypothesis, now: float) -> None:
        if self.chokes:
            raise ValueError(job.prompt)
        self.answers.append(hypothesis.text)

    def failed(self, job: Job, error: Exception, now: float) -> None:
        self.failures.append(job.prompt)

    def want_partial(self, name: str) -> None:
        self.partial_due, self.partial = 0.0, name


def job(name: str, kind: Kind) -> Job:
    return Job(kind, np.zeros(16_000, np.float32), "en", prompt=name)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


@asynccontextmanager
async def running(
    recogniser: HeldRecogniser, *sources: FakeSource, workers: int = 1, batch: int = 1
) -> AsyncIterator[Scheduler]:
    together = Together(partials=batch, finals=batch)
    scheduler = Scheduler(recogniser.decode, workers=workers, together=together, clock=lambda: 10.0)
    for source in sources:
        scheduler.join(source)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(scheduler.run())
        yield scheduler
        recogniser.let_go(1000)
        work.cancel()


async def decoded(recogniser: HeldRecogniser, count: int) -> list[list[str]]:
    """The first calls, each let go when the next was waited for."""
    for calls in range(1, count + 1):
        await until(lambda calls=calls: len(recogniser.calls) >= calls)  # type: ignore[misc]
        recogniser.let_go(calls)
    return recogniser.calls


async def test_a_session_with_much_to_do_waits_behind_its_own_work() -> None:
    recogniser = HeldRecogniser()
    async with running(recogniser, FakeSource("a1", "a2", "a3"), FakeSource("b1")):
        assert await decoded(recogniser, 4) == [["a1"], ["b1"], ["a2"], ["a3"]]


async def test_finals_come_before_partials() -> None:
    recogniser, partials, finals = HeldRecogniser(), FakeSource(), FakeSource("f1", "f2")
    partials.want_partial("p")
    async with running(recogniser, partials, finals):
        assert await decoded(recogniser, 3) == [["f1"], ["f2"], ["p"]]


async def test_the_audio_of_a_partial_is_taken_when_a_worker_is_free() -> None:
    recogniser, busy, waiting = HeldRecogniser(), FakeSource("f"), FakeSource()
    waiting.want_partial("old")
    async with running(recogniser, busy, waiting):
        await until(lambda: len(recogniser.calls) == 1)
        waiting.want_partial("new")
        assert await decoded(recogniser, 2) == [["f"], ["new"]]
        await until(lambda: waiting.answers == ["new"])
    assert len(recogniser.calls) == 2


async def test_partials_go_round() -> None:
    recogniser, sources = HeldRecogniser(), [FakeSource() for _ in range(3)]
    for name, source in zip("abc", sources, strict=True):
        source.want_partial(name)
    async with running(recogniser, *sources) as scheduler:
        await until(lambda: recogniser.calls == [["a"]])
        sources[0].want_partial("a2")
        scheduler.wake()
        assert await decoded(recogniser, 4) == [["a"], ["b"], ["c"], ["a2"]]


async def test_a_partial_that_is_not_due_waits() -> None:
    recogniser, source = HeldRecogniser(), FakeSource()
    async with running(recogniser, source) as scheduler:
        source.want_partial("p")
        source.partial_due = 11.0
        scheduler.wake()
        assert scheduler.load().partials_waiting == 0
        source.partial_due = 10.0
        assert scheduler.load().partials_waiting == 1
        scheduler.wake()
        await decoded(recogniser, 1)


async def test_jobs_share_a_call_only_where_every_worker_has_several() -> None:
    recogniser, sources = HeldRecogniser(), [FakeSource() for _ in range(6)]
    for name, source in zip("abcdef", sources, strict=True):
        source.want_partial(name)
    async with running(recogniser, *sources, workers=2, batch=2):
        await until(lambda: len(recogniser.calls) == 2)
        recogniser.let_go(2)
        await until(lambda: sum(map(len, recogniser.calls)) == 6)
        assert max(map(len, recogniser.calls)) == 2

    recogniser, alone = HeldRecogniser(), [FakeSource("a"), FakeSource("b")]
    async with running(recogniser, *alone, workers=2, batch=2):
        await until(lambda: sorted(recogniser.calls) == [["a"], ["b"]])


async def test_a_job_that_fails_does_not_take_others_with_it() -> None:
    recogniser, good, bad = HeldRecogniser(), FakeSource("good"), FakeSource("bad")
    recogniser.bad = {"bad"}
    recogniser.let_go(1000)
    async with running(recogniser, good, bad, batch=2):
        await until(lambda: good.answers == ["good"] and bad.failures == ["bad"])
    assert recogniser.calls[0] == ["good", "bad"]


async def test_a_session_that_chokes_on_an_answer_does_not_stop_the_others() -> None:
    recogniser, chokes, well = HeldRecogniser(), FakeSource("a"), FakeSource("b")
    chokes.chokes = True
    recogniser.let_go(1000)
    async with running(recogniser, chokes, well, batch=2):
        await until(lambda: "b" in well.answers and chokes.failures == ["a"])


async def test_batch_work_leaves_a_worker_for_live_captions() -> None:
    recogniser = HeldRecogniser()
    offline = FakeSource("a1", "a2", live=False, kind="accurate")
    live = FakeSource("f")
    async with running(recogniser, offline, live, workers=2):
        await until(lambda: sorted(recogniser.calls) == [["a1"], ["f"]])
        recogniser.let_go(2)
        await until(lambda: recogniser.calls[2:] == [["a2"]])


async def test_batch_work_has_all_workers_when_nobody_reads_along() -> None:
    recogniser = HeldRecogniser()
    offline = FakeSource("a1", "a2", live=False, kind="accurate")
    async with running(recogniser, offline, workers=2):
        await until(lambda: sorted(recogniser.calls) == [["a1"], ["a2"]])


async def test_a_guess_is_for_a_machine_with_nothing_else_to_do() -> None:
    recogniser, guesses, busy = HeldRecogniser(), FakeSource(), FakeSource("f")
    guesses.guess = "g"
    async with running(recogniser, guesses, busy):
        assert await decoded(recogniser, 2) == [["f"], ["g"]]


async def test_the_load_says_who_waits_and_how_long() -> None:
    recogniser, source = HeldRecogniser(), FakeSource("a", "b")
    async with running(recogniser, source) as scheduler:
        await until(lambda: len(recogniser.calls) == 1)
        load = scheduler.load()
        assert (load.sessions, load.finals_waiting) == (1, 1)
        assert load.final_lag_s > 0
        await decoded(recogniser, 2)


async def test_a_session_that_left_is_not_decoded() -> None:
    recogniser, gone, stays = HeldRecogniser(), FakeSource("g1", "g2"), FakeSource("s")
    async with running(recogniser, gone, stays) as scheduler:
        await until(lambda: recogniser.calls == [["g1"]])
        scheduler.leave(gone)
        await decoded(recogniser, 2)
    assert recogniser.calls == [["g1"], ["s"]]
