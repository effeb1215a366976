"""How late, how steady: word delays and changed words from what a reader received."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and when its last sound was spoken (seconds of the recording)."""

    text: str
    end: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caption event and when it arrived (seconds since the recording's first sample was sent)."""

    at: float
    id: str
    text: str
    stable: int
    final: bool
    start: float
    end: float


@dataclass(slots=True)
class Report:
    """Delays in seconds, one entry a word (or a final); changes in words."""

    shown: list[float] = field(default_factory=list)
    stable: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    words: int = 0
    changed: int = 0
    stable_changed: int = 0

    def add(self, other: Report) -> None:
        """Take another stream's figures in."""
        self.shown += other.shown
        self.stable += other.stable
        self.final += other.final
        self.words += other.words
        self.changed += other.changed
        self.stable_changed += other.stable_changed


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile, or NaN of nothing."""
    return float(np.percentile(values, percent)) if values else float("nan")


def words_of(text: str) -> list[str]:
    """Words as they are compared: without case and punctuation."""
    return re.findall(r"[\w']+", text.lower())


def transcript(arrivals: Iterable[Arrival]) -> str:
    """The finals, in the order they came."""
    return " ".join(a.text for a in arrivals if a.final and a.text)


def report(arrivals: Sequence[Arrival], spoken: Sequence[SpokenWord]) -> Report:
    """What the arrivals say about delay and stability, against the times of the spoken words."""
    result = Report()
    revisions: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        revisions.setdefault(arrival.id, []).append(arrival)
    finals = [arrival for arrival in arrivals if arrival.final and arrival.text]
    ends = _spoken_ends(finals, spoken)
    for final, times in zip(finals, ends, strict=True):
        _add_caption(result, revisions[final.id], final, times)
    for chain in revisions.values():
        for before, after in zip(chain, chain[1:], strict=False):
            result.changed += _lost_words(words_of(before.text), words_of(after.text))
            result.stable_changed += after.text[: before.stable] != before.text[: before.stable]
    result.words = sum(len(words_of(final.text)) for final in finals)
    return result


def _spoken_ends(
    finals: Sequence[Arrival], spoken: Sequence[SpokenWord]
) -> list[list[float | None]]:
    """For each final's words, when each was spoken (None where the reference has another word)."""
    heard = [(index, word) for index, final in enumerate(finals) for word in words_of(final.text)]
    said = [(word, s.end) for s in spoken for word in words_of(s.text)]
    ends: list[float | None] = [None] * len(heard)
    matcher = SequenceMatcher(None, [w for _, w in heard], [w for w, _ in said], autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        for offset in range(size):
            ends[a + offset] = said[b + offset][1]
    result: list[list[float | None]] = [[] for _ in finals]
    for (index, _), end in zip(heard, ends, strict=True):
        result[index].append(end)
    return result


def _add_caption(
    result: Report, chain: Sequence[Arrival], final: Arrival, ends: Sequence[float | None]
) -> None:
    words = words_of(final.text)
    shown: list[float | None] = [None] * len(words)
    stable: list[float | None] = [None] * len(words)
    for revision in chain:
        matcher = SequenceMatcher(None, words_of(revision.text), words, autojunk=False)
        for _, b, size in matcher.get_matching_blocks():
            for index in range(b, b + size):
                if shown[index] is None:
                    shown[index] = revision.at
        for index in range(len(words_of(revision.text[: revision.stable]))):
            if index < len(words) and stable[index] is None:
                stable[index] = revision.at
    for end, first, fixed in zip(ends, shown, stable, strict=True):
        if end is not None and first is not None and fixed is not None:
            result.shown.append(first - end)
            result.stable.append(fixed - end)
    if ends and ends[-1] is not None:
        result.final.append(final.at - ends[-1])


def _lost_words(before: Sequence[str], after: Sequence[str]) -> int:
    """Words shown before that are not there any more."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return len(before) - sum(block.size for block in matcher.get_matching_blocks())
