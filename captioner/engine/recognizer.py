"""Jobs in, hypotheses out: which model decodes what, in which batches.

Measured on one core of an EPYC 9004 (int8, one thread a decode, CPU ms incl. word times):

| seconds of audio                 | 2.5 | 5.5 | 11  |
| tiny.en, fast search             | 104 | 145 | 226 |
| base, fast search                | 250 | 320 | 500 |
| base, beam of 5                  | 280 | 370 | 645 |
| encoder alone, tiny.en and base  | 47 and 108 at 10 s of context |

A second thread a decode gains nothing. Two clips a call cost a sixth less than one by one, four a
quarter less. Cores with AVX2 alone take 1.7 times as long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import ctranslate2
import numpy as np
from threadpoolctl import threadpool_limits

from captioner.engine.guards import as_said, doubtful, repeats
from captioner.engine.hypothesis import (
    SAMPLE_RATE,
    Hypothesis,
    Job,
    Samples,
    TimedText,
    Together,
    Word,
)
from captioner.engine.instructions import use_avx512
from captioner.engine.models import Models, Progress, find_models
from captioner.engine.whisper import CONTEXTS_S, Search, Whisper, context_s, language_code
from captioner.errors import EngineUnavailable

TOGETHER = {"cpu": Together(partials=1, finals=4), "cuda": Together(partials=16, finals=16)}
"""On a CPU partials come later together than one by one, and finals that queue are done sooner
together. On CUDA both are unmeasured."""
WINDOW_S = 29.0
"""Longer audio is decoded window after window."""
UNTOLD_S = 2.0
"""So much audio behind the last phrase is more than a pause."""
FAST = Search()
ACCURATE = Search(beam=5)
"""For finals too: 6.7 % word errors where the fast search has 8.0, for a sixth more CPU."""
UNREPEATED = Search(beam=5, repeat=3)
"""Where a final repeats itself; that happens once in ten minutes or so."""
THOROUGH = Search(beam=5, context_s=CONTEXTS_S[-1])
"""Where the accurate search repeats itself or is not sure; for all audio it costs twice as much

and is no better: 7.8 % word errors in pieces of 14 s, where the accurate one has 7.7 %, and 6.2 %
with the thorough one behind it.
"""
LANGUAGE_S = 9.0
"""How much audio the language is detected from: what the shortest context holds."""


class Recognizer:
    """The models of this machine. Safe to call from several threads; calls block."""

    def __init__(
        self, models: Models, *, device: str = "auto", progress: Progress | None = None
    ) -> None:
        use_avx512()
        # OpenBLAS wakes a thread a core for 3 ms of spectrogram, which then spins for 100 ms.
        threadpool_limits(limits=1, user_api="blas")
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        self.together = TOGETHER[device]
        """How many jobs are best decoded in one call."""
        report = progress or (lambda _stage, _fraction: None)
        report("Loading the models", 0.0)
        self._final = _load(models.final, device)
        report("Loading the models", 0.5)
        self._partial = _load(models.partial, device) if models.partial else None
        report("Loading the models", 1.0)

    @classmethod
    def load(
        cls,
        model: str | None = None,
        *,
        device: str = "auto",
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> Recognizer:
        """Find the weights (see `models.find_models`) and load them."""
        return cls(
            find_models(model, cache=cache, progress=progress), device=device, progress=progress
        )

    def decode(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Decode `jobs`; the answers are in their order.

        A job without a language is decoded in the one that its own audio is most likely in.
        Where nothing was said (see `guards`) the text is empty.
        """
        jobs = [self._with_language(job) for job in jobs]
        answers: dict[int, Hypothesis] = {}
        for indexes in self._batches(jobs):
            batch = [jobs[index] for index in indexes]
            answers.update(zip(indexes, self._decode_alike(batch), strict=True))
        return [answers[index] for index in range(len(jobs))]

    def detect_language(self, audio: Samples) -> tuple[str, float]:
        """The language most likely spoken in `audio` and its probability.

        Reliable from 3 s of speech on; only the first 9 s are heard.
        """
        return self._final.detect_language(audio[: round(LANGUAGE_S * SAMPLE_RATE)])

    def _with_language(self, job: Job) -> Job:
        known = job.language and language_code(job.language)
        return replace(job, language=known or self.detect_language(job.audio)[0])

    def _batches(self, jobs: Sequence[Job]) -> Iterator[list[int]]:
        """Jobs that one call can decode: same model, search, language, prompt and context."""

        def alike(index: int) -> tuple[str, bool, str, str, float]:
            job = jobs[index]
            context = context_s(job.audio.size / SAMPLE_RATE)
            return job.kind, job.late, job.language or "", _prompt(job), context

        for _, group in groupby(sorted(range(len(jobs)), key=alike), key=alike):
            yield list(group)

    def _decode_alike(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        job = jobs[0]
        language = job.language or "en"
        whisper = self._final
        if job.kind == "partial" and language == "en" and self._partial is not None:
            whisper = self._partial
        search = FAST if job.kind == "partial" or job.late else ACCURATE
        prompt = _prompt(job)

        def decode(clips: Sequence[Samples]) -> list[Hypothesis]:
            heard = whisper.decode(clips, language, search, prompt=prompt)
            for index, clip in enumerate(clips):
                if second := second_search(job, heard[index]):
                    (again,) = whisper.decode([clip], language, second, prompt=prompt)
                    heard[index] = min(heard[index], again, key=_doubt)
            return [
                as_said(hypothesis, clip.size / SAMPLE_RATE)
                for hypothesis, clip in zip(heard, clips, strict=True)
            ]

        window = round(WINDOW_S * SAMPLE_RATE)
        firsts = decode([job.audio[:window] for job in jobs])
        if job.kind == "partial":
            return firsts
        return [
            _to_the_end(job.audio, first, window, decode)
            for job, first in zip(jobs, firsts, strict=True)
        ]


def second_search(job: Job, heard: Hypothesis) -> Search | None:
    """How to look once more where the first search went wrong; None: it did not."""
    if job.kind == "accurate" and doubtful(heard):
        return THOROUGH
    if job.kind == "final" and repeats(heard.text):
        return UNREPEATED
    return None


def _load(folder: Path, device: str) -> Whisper:
    try:
        return Whisper(folder, device=device, workers=os.cpu_count() or 1)
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailable(
            f"The model in {folder} cannot be loaded on {device}: {error}. "
            "Give another with CAPTIONER_MODEL, or leave that out for the one installed."
        ) from error


def _doubt(hypothesis: Hypothesis) -> tuple[bool, float]:
    return doubtful(hypothesis), -hypothesis.avg_logprob


def _prompt(job: Job) -> str:
    """Whisper takes hints as text that was said before."""
    return " ".join(part for part in (", ".join(job.keywords), job.prompt) if part)


def _to_the_end(
    audio: Samples,
    first: Hypothesis,
    window: int,
    decode: Callable[[Sequence[Samples]], list[Hypothesis]],
) -> Hypothesis:
    """`first` says the first window; the next begins where its last whole phrase ends.

    Whisper sometimes stops in the middle of what it hears; what follows is decoded by itself.
    """
    parts: list[Hypothesis] = []
    start, part = 0, first
    while True:
        clip_s = min(audio.size - start, window) / SAMPLE_RATE
        until_s = _told_until(part, clip_s, last=start + window >= audio.size)
        parts.append(_shifted(part, start / SAMPLE_RATE, until_s))
        start += max(round(until_s * SAMPLE_RATE), SAMPLE_RATE)
        if start >= audio.size:
            return _joined(parts)
        clip = audio[start : start + window]
        (part,) = decode([clip])


def _told_until(part: Hypothesis, clip_s: float, *, last: bool) -> float:
    """How much of its clip a decode tells. The last phrase of a clip that goes on may be cut."""
    if not part.segments:
        return clip_s
    phrase = part.segments[-1]
    if clip_s - phrase.end > UNTOLD_S:
        return phrase.end
    return clip_s if last or len(part.segments) == 1 else phrase.start


def _shifted(part: Hypothesis, by_s: float, until_s: float) -> Hypothesis:
    """What `part` says before `until_s`, `by_s` later."""
    segments = tuple(
        TimedText(s.text, s.start + by_s, s.end + by_s) for s in part.segments if s.start < until_s
    )
    words = tuple(
        Word(w.text, w.start + by_s, w.end + by_s, w.probability)
        for w in part.words
        if w.start < until_s
    )
    return replace(part, segments=segments, words=words)


def _joined(parts: Sequence[Hypothesis]) -> Hypothesis:
    segments = tuple(segment for part in parts for segment in part.segments)
    return Hypothesis(
        text="".join(segment.text for segment in segments).strip(),
        segments=segments,
        words=tuple(word for part in parts for word in part.words),
        language=parts[0].language,
        no_speech=min(part.no_speech for part in parts),
        avg_logprob=float(np.mean([part.avg_logprob for part in parts])),
    )
