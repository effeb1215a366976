"""Text that goes round in circles, as a decoder does that listens to itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from captioner.captions.words import clean, joined, words

LONGEST_ROUND = 40
"""Words; what repeats itself after more than that is not looked for."""
VARIED_FROM = 60
"""Words from which on a text that has few turns of phrase of its own goes round in circles."""
VARIED = 0.2
"""Such a text says four of five turns of three words again; a chorus at most half."""

# "hahaha" and "nooo" are laughter and sorrow; thirty times is a decoder that stutters.
_STUTTER = re.compile(r"(\w{1,8}?)\1{29,}")
_STUTTER_KEPT = r"\1\1\1"


@dataclass(frozen=True, slots=True)
class Loop:
    """Words `start` to `end` say their first `period` words again and again."""

    start: int
    end: int
    period: int

    @property
    def rounds(self) -> int:
        return (self.end - self.start) // self.period


def longest_loop(keys: Sequence[str], rounds: int) -> Loop | None:
    """Of the loops with at least so many rounds the one that says most words again."""
    found, repeated = None, 0
    for period in range(1, min(LONGEST_ROUND, len(keys) // rounds) + 1):
        start = 0
        for at in range(period, len(keys) + 1):
            if at < len(keys) and keys[at] == keys[at - period]:
                continue
            loop = Loop(start, at, period)
            if loop.rounds >= rounds and at - start - period > repeated:
                found, repeated = loop, at - start - period
            start = at - period + 1
    return found


def stutters(text: str) -> bool:
    """Whether a few letters fill a word, dozens of times."""
    return _STUTTER.search(text) is not None


def says_little(keys: Sequence[str]) -> bool:
    """Whether a long text keeps coming back to the same turns of phrase."""
    turns = list(zip(keys, keys[1:], keys[2:], strict=False))
    return len(keys) >= VARIED_FROM and len(set(turns)) < VARIED * len(turns)


def cut(text: str, rounds: int) -> str:
    """The text with one round left of each loop of at least `rounds`; what surrounds it stays."""
    text = clean(text)
    found = words(text)
    while loop := longest_loop([word.key for word in found], rounds):
        rest = text[found[loop.end].start :] if loop.end < len(found) else ""
        text = joined(text[: found[loop.start + loop.period - 1].end], rest)
        found = words(text)
    return _STUTTER.sub(_STUTTER_KEPT, text)
