"""A text in the pieces that are spoken one by one: the first is heard while the next is made."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WIDE_END = re.compile(r"[。！？]$")
_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")
_SHORTEST = 30
"""Letters; less is said with what follows, for "Mr." is no sentence."""


def sentences(text: str) -> Iterator[str]:
    """Each on one line, without control characters; only what has something to say."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    waiting = ""
    for part in _ENDS.split(" ".join(printable.split())):
        waiting = f"{waiting} {part}".strip()
        if len(waiting) >= _SHORTEST or _WIDE_END.search(waiting):
            yield from _speakable(waiting)
            waiting = ""
    yield from _speakable(waiting)


def _speakable(sentence: str) -> Iterator[str]:
    if any(letter.isalnum() for letter in sentence):
        yield sentence
