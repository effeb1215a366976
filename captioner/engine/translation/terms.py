"""The glossary: terms come out as they are given, whatever the translator makes of them.

Each is replaced by a word that no language has and that models leave alone, and put in its place
afterwards. Of 21 kinds of such words, tried on 72 sentences with up to five of them, in six
directions (neural English and Portuguese, rules among English, Spanish and Italian), this kind
came back whole every time; brackets, tags, # and @ did not. Where a model does not leave it alone,
its own translation of the term is replaced, and where that cannot be found either, what stands
between the terms is translated alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from captioner.captions.words import UNSPACED, clean, joined

Terms = Sequence[tuple[str, str]]
"""Each as it is said, and what it is called in the other language."""

_MARK = "XQ"
_UNSPACED = re.compile(f"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class _Said:
    """A term as it stands in `text[start:end]`, and what is wanted for it."""

    start: int
    end: int
    wanted: str


def with_terms(text: str, terms: Terms, translate: Callable[[str], str]) -> str:
    """Have `text` translated so that its terms come out as given."""
    said = _found(text, terms)
    if not said:
        return translate(text)
    return (
        _by_marks(text, said, translate)
        or _by_own_words(text, said, translate)
        or _between(text, said, translate)
    )


def _by_marks(text: str, said: list[_Said], translate: Callable[[str], str]) -> str | None:
    stem = _MARK
    while stem.casefold() in text.casefold():
        stem += "Z"
    marks = [f"{stem}{number}" for number in range(1, len(said) + 1)]
    first, *others = _rest(text, said)
    marked = first + "".join(mark + part for mark, part in zip(marks, others, strict=True))
    translation = translate(marked)
    for mark, term in zip(marks, said, strict=True):
        translation, times = re.subn(_whole(mark), _literally(term.wanted), translation)
        if times != 1:
            return None
    return translation


def _by_own_words(text: str, said: list[_Said], translate: Callable[[str], str]) -> str | None:
    translation = translate(text)
    for term in said:
        own = translate(text[term.start : term.end]).strip(" .,;:!?¿¡。")
        if own and term.wanted not in translation:
            whole = re.compile(_whole(own), re.IGNORECASE)
            translation = whole.sub(_literally(term.wanted), translation)
    wanted = [term.wanted for term in said]
    complete = all(translation.count(term) >= wanted.count(term) for term in wanted)
    return translation if complete else None


def _between(text: str, said: list[_Said], translate: Callable[[str], str]) -> str:
    first, *others = _rest(text, said)
    translation = translate(first.strip()) if first.strip() else ""
    for term, part in zip(said, others, strict=True):
        translation = joined(translation, term.wanted)
        if rest := part.strip():
            after = translate(rest)
            translation = joined(translation, after) if part[0].isspace() else translation + after
    return translation


def _rest(text: str, said: list[_Said]) -> list[str]:
    """What stands before, between and behind the terms."""
    starts = [0, *(term.end for term in said)]
    ends = [*(term.start for term in said), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _found(text: str, terms: Terms) -> list[_Said]:
    """The terms in `text`, as whole words in any case; of those that overlap the longest."""
    cleaned = [(clean(said), clean(wanted)) for said, wanted in terms]
    known = sorted(filter(all, cleaned), key=lambda term: len(term[0]), reverse=True)
    if not known:
        return []
    pattern = re.compile("|".join(f"({_whole(said)})" for said, _ in known), re.IGNORECASE)
    return [
        _Said(match.start(), match.end(), known[match.lastindex - 1][1])
        for match in pattern.finditer(text)
        if match.lastindex
    ]


def _whole(term: str) -> str:
    """Scripts without spaces have no ends of words to look for."""
    before = "" if _UNSPACED.match(term) or not term[0].isalnum() else r"(?<!\w)"
    after = "" if _UNSPACED.match(term[-1]) or not term[-1].isalnum() else r"(?!\w)"
    return before + re.escape(term) + after


def _literally(term: str) -> Callable[[re.Match[str]], str]:
    """For `re.sub`, which would read a backslash in the term."""
    return lambda _match: term
