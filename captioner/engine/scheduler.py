"""Who is decoded next: finals before partials, each in turn over the sessions.

Nothing queues up here. A session keeps its own decodes in order and says since when a partial is
due; one that waited long is taken with the newest audio. So a machine that cannot keep up makes
partials rarer and never older, and a session with much to do waits behind its own work, not
others behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from captioner.engine.hypothesis import SAMPLE_RATE, Hypothesis, Job, Together

Decode = Callable[[Sequence[Job]], list[Hypothesis]]
"""Blocks; may be called from several threads at once."""


@dataclass(frozen=True, slots=True)
class Final:
    """A job that must be done, and since when it has waited (seconds on the scheduler's clock)."""

    job: Job
    since: float


class Source(Protocol):
    """A session, as the scheduler sees it."""

    @property
    def live(self) -> bool:
        """Whether somebody reads along."""

    @property
    def finals(self) -> deque[Final]:
        """What must be decoded, oldest first."""

    def take_final(self, now: float) -> Final:
        """The oldest of them that is still wanted."""

    @property
    def partial_due(self) -> float | None:
        """The time from which a partial is wanted; None: none is, or one is being decoded."""

    def take_partial(self, now: float) -> Job:
        """What the open utterance has so far."""

    @property
    def offers_guess(self) -> bool:
        """Whether there is a job that may turn out to be the next final."""

    def take_guess(self) -> Job: ...

    def decoded(self, job: Job, hypothesis: Hypothesis, now: float) -> None:
        """The answer. One that was taken before, or that nobody waits for any more, is ignored."""

    def failed(self, job: Job, error: Exception, now: float) -> None:
        """There is no answer, or it could not be taken."""


_Batch = list[tuple[Source, Job]]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the recogniser is; lags are the recent seconds between due and begun."""

    sessions: int
    finals_waiting: int
    partials_waiting: int
    final_lag_s: float
    partial_lag_s: float
    realtime_factor: float
    """Seconds of decoding per second of speech decoded for good."""


class Scheduler:
    """Decodes for all sessions while `run` runs, on so many threads, so many jobs a call."""

    def __init__(
        self,
        decode: Decode,
        *,
        workers: int,
        together: Together,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decode = decode
        self._workers = workers
        self._together = together
        self._clock = clock
        self._finals_turn: deque[Source] = deque()
        self._partials_turn: deque[Source] = deque()
        self._wake = asyncio.Event()
        self._accurate_running = 0
        self._meter = _Meter()

    def join(self, source: Source) -> None:
        self._finals_turn.append(source)
        self._partials_turn.append(source)

    def leave(self, source: Source) -> None:
        """What is being decoded for it is thrown away."""
        self._finals_turn.remove(source)
        self._partials_turn.remove(source)

    def wake(self) -> None:
        """Some session has, or may have, something to decode."""
        self._wake.set()

    def load(self) -> Load:
        now = self._clock()
        return Load(
            sessions=len(self._finals_turn),
            finals_waiting=sum(len(source.finals) for source in self._finals_turn),
            partials_waiting=len(self._due(now)),
            final_lag_s=round(self._meter.final_lag, 3),
            partial_lag_s=round(self._meter.partial_lag, 3),
            realtime_factor=round(self._meter.realtime_factor, 3),
        )

    async def run(self) -> None:
        """Decode until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._workers):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            if batch := self._take(self._clock()):
                await self._run_batch(batch)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _run_batch(self, batch: _Batch) -> None:
        jobs = [job for _, job in batch]
        accurate = jobs[0].kind == "accurate"
        self._accurate_running += accurate
        begun = self._clock()
        try:
            hypotheses = await asyncio.to_thread(self._decode, jobs)
            now = self._clock()
            self._meter.decoded(jobs, now - begun)
            for (source, job), hypothesis in zip(batch, hypotheses, strict=True):
                source.decoded(job, hypothesis, now)
        except Exception as error:  # the boundary to the models: one item fails, nothing else
            await self._blame(batch, error)
        finally:
            self._accurate_running -= accurate

    async def _blame(self, batch: _Batch, error: Exception) -> None:
        """Find the job that fails by doing each alone."""
        if len(batch) > 1:
            for one in batch:
                await self._run_batch([one])
            return
        ((source, job),) = batch
        source.failed(job, error, self._clock())

    def _take(self, now: float) -> _Batch:
        return self._take_finals(now) or self._take_partials(now) or self._take_guess()

    def _take_finals(self, now: float) -> _Batch:
        waiting = [s for s in self._finals_turn if s.finals and self._may_run(s.finals[0].job)]
        kind = waiting[0].finals[0].job.kind if waiting else None
        alike = [source for source in waiting if source.finals[0].job.kind == kind]
        batch = []
        for source in alike[: self._share(len(alike), self._together.finals)]:
            final = source.take_final(now)
            batch.append((source, final.job))
            self._meter.final_began(now - final.since)
            _to_the_end(self._finals_turn, source)
        return batch

    def _may_run(self, job: Job) -> bool:
        """Batch work leaves one worker for live captions: its decodes take seconds."""
        reserved = any(source.live for source in self._finals_turn)
        return job.kind != "accurate" or self._accurate_running < max(1, self._workers - reserved)

    def _take_partials(self, now: float) -> _Batch:
        due = self._due(now)
        batch = []
        for source in due[: self._share(len(due), self._together.partials)]:
            self._meter.partial_began(now - (source.partial_due or now))
            batch.append((source, source.take_partial(now)))
            _to_the_end(self._partials_turn, source)
        return batch

    def _take_guess(self) -> _Batch:
        """When nothing else is to be done: three in four turn out to be the final."""
        for source in self._partials_turn:
            if source.offers_guess:
                return [(source, source.take_guess())]
        return []

    def _share(self, waiting: int, most: int) -> int:
        """How many to take: more than one only where there are several for every worker."""
        return max(1, min(most, waiting // self._workers))

    def _due(self, now: float) -> list[Source]:
        return [
            source
            for source in self._partials_turn
            if source.partial_due is not None and source.partial_due <= now
        ]


def _to_the_end(turn: deque[Source], source: Source) -> None:
    turn.remove(source)
    turn.append(source)


class _Meter:
    """Means that forget: the last twenty or so of each count."""

    _WEIGHT = 0.05

    def __init__(self) -> None:
        self.final_lag = 0.0
        self.partial_lag = 0.0
        self._decoding_s = 0.0
        self._speech_s = 0.0

    def final_began(self, lag: float) -> None:
        self.final_lag += self._WEIGHT * (lag - self.final_lag)

    def partial_began(self, lag: float) -> None:
        self.partial_lag += self._WEIGHT * (lag - self.partial_lag)

    def decoded(self, jobs: Sequence[Job], seconds: float) -> None:
        fade = 1 - self._WEIGHT
        speech = sum(len(job.audio) / SAMPLE_RATE for job in jobs if job.kind != "partial")
        self._decoding_s = self._decoding_s * fade + seconds
        self._speech_s = self._speech_s * fade + speech

    @property
    def realtime_factor(self) -> float:
        return self._decoding_s / self._speech_s if self._speech_s else 0.0
