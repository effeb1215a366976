"""Two recognitions of the same speech made one, where words of the first are promised."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from captioner.captions.words import Word, is_letter, joined, words

_INSERTED = 0.5
_SIMILAR = 0.5
"""Against 1 for a word that is missing or another: a misheard word is often half right."""


def continue_from(stable: str, text: str) -> str:
    """`text`, told so that it begins with `stable` to the letter.

    Both say the same speech from its beginning on, `text` usually further. The words of `text`
    that say what `stable` says are found by alignment, whatever their case and punctuation, and
    what follows them continues `stable`. Texts with nothing in common are put one behind the other.
    """
    if text.startswith(stable):
        return text
    said, heard = words(stable), words(text)
    if not heard:
        return stable
    covered = _covered([word.key for word in said], [word.key for word in heard])
    if not covered:
        return joined(stable, text)
    last = heard[covered - 1]
    tail = text[last.start :]
    ending = stable[said[-1].start :]
    if tail[: len(ending)].casefold() == ending.casefold():
        tail = tail[len(ending) :]  # the same word, or a longer one that began the same
    else:
        tail = text[_bare_end(text, last) if is_letter(stable[-1]) else last.end :]
    return stable + (tail.lstrip() if stable[-1].isspace() else tail)


def _covered(said: Sequence[str], heard: Sequence[str]) -> int:
    """How many words from the front of `heard` say all of `said`; 0 if nothing matches.

    The cheapest edit of `said` into a prefix of `heard`; of equally cheap ones the longest, since
    words at the same place come from the same sound.
    """
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(said, heard, strict=False))
    )
    said, heard = said[same:], heard[same:]
    costs = [_INSERTED * count for count in range(len(heard) + 1)]
    for count, wanted in enumerate(said, 1):
        diagonal, costs[0] = costs[0], float(count)
        for index, word in enumerate(heard, 1):
            replaced = diagonal + _difference(wanted, word)
            diagonal = costs[index]
            costs[index] = min(replaced, diagonal + 1, costs[index - 1] + _INSERTED)
    cheapest = min(costs)
    if not same and cheapest >= len(said):
        return 0
    return same + max(index for index, cost in enumerate(costs) if cost == cheapest)


def _difference(one: str, other: str) -> float:
    if one == other:
        return 0
    half = (max(len(one), len(other)) + 1) // 2
    return _SIMILAR if one[:half] == other[:half] or one[-half:] == other[-half:] else 1


def _bare_end(text: str, word: Word) -> int:
    """Where a word ends without its punctuation."""
    letters = (at for at in range(word.end, word.start, -1) if is_letter(text[at - 1]))
    return next(letters, word.end)
