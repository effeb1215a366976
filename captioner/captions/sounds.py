"""How far two spellings are from sounding alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

ALIKE = 0.5
"""For letters that are taken for each other, or written twice, against 1 for any others."""

_SOUNDS = {letter: group[0] for group in ("ckq", "fv", "gj", "iy", "sz", "uw") for letter in group}
_FIRST_SOUNDS = {letter: group[0] for group in ("ckq", "gj", "iy", "sz") for letter in group}


def letters(text: str) -> str:
    """The letters and digits of a text, without case, marks, spaces and punctuation; ph is f."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(filter(str.isalnum, folded)).replace("ph", "f")


def first_sound(spelling: str) -> str:
    """One letter for all that a spelling, as `letters` gives it, may sound like it begins with."""
    return _FIRST_SOUNDS.get(spelling[:1], spelling[:1])


def distance(one: str, other: str) -> float:
    """What it costs to make the one spelling the other."""
    return _costs(one, other)[-1]


def distance_to_beginning(one: str, other: str) -> float:
    """What it costs to make the one spelling some beginning of the other."""
    return min(_costs(one, other))


def _costs(one: str, other: str) -> Sequence[float]:
    """What it costs to make `one` each beginning of `other`, the empty one first."""
    costs = [0.0]
    for at in range(len(other)):
        costs.append(costs[-1] + _extra(other, at))
    for index, letter in enumerate(one):
        diagonal, costs[0] = costs[0], costs[0] + _extra(one, index)
        for at, wanted in enumerate(other, 1):
            replaced = diagonal + _replaced(letter, wanted)
            diagonal = costs[at]
            left_out = diagonal + _extra(one, index)
            costs[at] = min(replaced, left_out, costs[at - 1] + _extra(other, at - 1))
    return costs


def _extra(text: str, at: int) -> float:
    """For a letter that the other spelling lacks."""
    return ALIKE if at and text[at - 1] == text[at] else 1.0


def _replaced(one: str, other: str) -> float:
    if one == other:
        return 0.0
    sound = _SOUNDS.get(one)
    return ALIKE if sound is not None and sound == _SOUNDS.get(other) else 1.0
